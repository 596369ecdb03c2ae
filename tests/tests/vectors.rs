//! The table, through the core and through the layer, with equal answers.

use fapi_tests::case::Expect;
use fapi_tests::cases;
use fapi_tests::host::{CoreHost, LayerHost};
use fapi_tests::runner::{Failure, run_all};

#[test]
fn the_core_answers_as_the_table_says() {
    let (failures, _) = run_all(&cases::all(), CoreHost::new);
    none(&failures);
}

#[test]
fn the_layer_answers_as_the_core_does() {
    let cases = cases::all();
    let (_, of_core) = run_all(&cases, CoreHost::new);
    let (failures, of_layer) = run_all(&cases, LayerHost::new);
    none(&failures);
    for (place, case) in cases.iter().enumerate() {
        let (Some(core), Some(layer)) = (&of_core[place], &of_layer[place]) else {
            assert!(case.parser.is_some(), "{case} has no answer");
            continue;
        };
        assert_eq!(core.status, layer.status, "{case}");
        assert_eq!(core.grpc, layer.grpc, "{case}");
        assert_eq!(core.reason, layer.reason, "{case}");
        assert_eq!(core.challenges(), layer.challenges(), "{case}");
        // There the one of the service behind stays, and the core has no service behind it.
        if case.expect != Expect::Public {
            assert_eq!(core.nonces().len(), layer.nonces().len(), "{case}");
        }
        assert_eq!(core.retry_after(), layer.retry_after(), "{case}");
        assert_eq!(core.upstream, layer.upstream, "{case}");
        if layer.status != 200 {
            let cached: Vec<&str> = layer.header("cache-control").collect();
            assert_eq!(cached, ["no-store"], "{case}");
        }
    }
}

fn none(failures: &[Failure]) {
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} failures\n{}",
        lines.len(),
        lines.join("\n")
    );
}
