//! Two issuers on one PostgreSQL database.

use std::sync::Arc;

use fapi_core::jose::Algorithm;
use serde_json::json;
use tokio::task::JoinSet;

use crate::codes::{approve, code_in, consent};
use crate::harness::key;
use crate::postgres::Server;
use crate::scene::{Scene, of_code};
use crate::site::{Asked, Program, Site};

/// Two programs, and who knows them.
struct Pair {
    site: Site,
    programs: [Program; 2],
}

impl Pair {
    fn start() -> Self {
        let url = Server::shared().schema();
        let site = Site::with(|_| json!({ "postgres": { "url": url } }));
        let programs = [site.start(), site.start()];
        Self { site, programs }
    }
}

const CLIENTS: usize = 10;
const ROUNDS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_get_the_same_request_one_answers_it() {
    let pair = Pair::start();
    let callers = [0, 1].map(|place| Arc::new(pair.site.caller(&pair.programs[place])));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let [one, other] = callers.clone();
        clients.spawn(async move {
            for _ in 0..ROUNDS {
                let fields = json!({ "grant_type": "client_credentials" });
                let asked = Asked::new(&one, &key(Algorithm::Es256), &fields);
                let (first, second) = tokio::join!(asked.send(&one), asked.send(&other));
                let mut statuses = [first.unwrap().status, second.unwrap().status];
                statuses.sort_unstable();
                assert_eq!(statuses, [200, 400]);
            }
        });
    }
    clients.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_get_the_same_code_one_redeems_it() {
    let pair = Pair::start();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut scene = Scene::with(pair.site.caller(&pair.programs[0]));
        let other = pair.site.caller(&pair.programs[1]);
        clients.spawn(async move {
            let mut tokens = 0;
            for _ in 0..ROUNDS {
                let page = consent(&mut scene).await;
                let (first, second) = tokio::join!(
                    scene
                        .server
                        .try_to_send(approve(&scene, &scene.server, &page)),
                    other.try_to_send(approve(&scene, &other, &page)),
                );
                let answers = [first.unwrap(), second.unwrap()];
                let codes: Vec<_> = answers.iter().filter_map(code_in).collect();
                let [code] = codes.as_slice() else {
                    panic!("{codes:?}");
                };
                let fields = of_code(code);
                let asked =
                    [&scene.server, &other].map(|caller| Asked::new(caller, &scene.dpop, &fields));
                let (first, second) =
                    tokio::join!(asked[0].send(&scene.server), asked[1].send(&other));
                let told = [first.unwrap(), second.unwrap()];
                let redeemed = told.iter().filter(|told| told.status == 200).count();
                // RFC 6749 §4.1.2: the second may be in time to end what the first was about to get.
                assert!(redeemed <= 1, "{told:?}");
                tokens += redeemed;
            }
            tokens
        });
    }
    assert!(clients.join_all().await.into_iter().sum::<usize>() > 0);
}
