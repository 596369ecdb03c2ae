//! A requirement in code answers to the letter what the same one in the configuration answers.

use axum::Router;
use axum::response::Response;
use axum::routing::any;
use fapi_core::config::{ConfigBuilder, Mode, MtlsConfig, OriginConfig, Rule};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tower_fapi::{
    Access, Denial, FapiConfig, Reason, RequireAcr, RequireAuthorizationDetails, RequireScope,
};

use crate::Payment;
use crate::setting::{Setting, answered, outcome, send, with_proof};

/// One requirement, both ways.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Scope,
    Acr,
    MaxAge,
    Both,
    Details,
}

const ALL: [Asked; 5] = [
    Asked::Scope,
    Asked::Acr,
    Asked::MaxAge,
    Asked::Both,
    Asked::Details,
];

impl Asked {
    fn rule(self) -> Rule {
        let rule = Rule::new("/payments");
        match self {
            Self::Scope => rule.scopes(["accounts", "payments"]),
            Self::Acr => rule.acr_values(["loa4", "loa3"]),
            Self::MaxAge => rule.max_age_seconds(60),
            Self::Both => rule.acr_values(["loa4", "loa3"]).max_age_seconds(60),
            Self::Details => rule.authorization_details(["payment_initiation"]),
        }
    }

    fn on(self, route: Router) -> Router {
        let acr = || RequireAcr::new(["loa4", "loa3"]).unwrap();
        match self {
            Self::Scope => route.route_layer(RequireScope::new(["accounts", "payments"]).unwrap()),
            Self::Acr => route.route_layer(acr()),
            Self::MaxAge => route.route_layer(RequireAcr::any_within_seconds(60)),
            Self::Both => route.route_layer(acr().max_age_seconds(60)),
            Self::Details => {
                route.route_layer(RequireAuthorizationDetails::<Payment>::new(|_, _| true))
            }
        }
    }

    const fn reason(self) -> Reason {
        match self {
            Self::Scope => Reason::RuleScope,
            Self::Acr | Self::MaxAge | Self::Both => Reason::RuleAuthentication,
            Self::Details => Reason::RuleAuthorizationDetails,
        }
    }
}

/// By the configuration, and in code.
fn apps(setting: &Setting, asked: Asked, config: impl Fn() -> ConfigBuilder) -> [Router; 2] {
    let route = || Router::new().route("/payments", any(async |_: Access| "done"));
    [
        route().layer(setting.layer(config().rule(asked.rule()))),
        asked.on(route()).layer(setting.layer(config())),
    ]
}

fn without_id(response: &Response) -> HeaderMap {
    let mut headers = response.headers().clone();
    assert!(headers.remove("x-fapi-interaction-id").is_some());
    headers
}

/// A name, and how the layer is configured.
type Configured = (&'static str, fn(&Setting) -> ConfigBuilder);

#[tokio::test]
async fn the_answers_are_equal() {
    let configs: [Configured; 3] = [
        ("dpop", Setting::config),
        ("mtls", |setting| {
            let config = setting.config().mtls(MtlsConfig::default());
            config.dpop_or_mtls()
        }),
        ("origins", |setting| {
            let origins = ["https://other.example.com", "https://api.example.com"]
                .map(|origin| OriginConfig::new(origin).resource(origin));
            setting.config().origins(origins)
        }),
    ];
    for ((name, config), asked) in configs
        .into_iter()
        .flat_map(|config| ALL.map(|asked| (config, asked)))
    {
        for content_type in ["application/json", "application/grpc+proto"] {
            let setting = Setting::new();
            let mut answers = Vec::new();
            for app in apps(&setting, asked, || config(&setting)) {
                let mut request = setting.request("POST", "/payments", &setting.scoped("other"));
                let headers = request.headers_mut();
                headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
                headers.insert("host", "api.example.com".parse().unwrap());
                answers.push(send(&app, request).await);
            }
            let [by_rule, in_code] = &answers[..] else {
                panic!("two answers");
            };
            let at = format!("{name} {asked:?} {content_type}");
            assert_eq!(in_code.status(), by_rule.status(), "{at}");
            assert_eq!(without_id(in_code), without_id(by_rule), "{at}");
            let challenges = in_code.headers().get_all("www-authenticate");
            assert!(challenges.iter().count() > 0, "{at}");
            let denial = |response: &Response| response.extensions().get::<Denial>().cloned();
            assert_eq!(denial(in_code), denial(by_rule), "{at}");
            assert_eq!(denial(in_code).unwrap().reason(), asked.reason(), "{at}");
        }
    }
}

#[tokio::test]
async fn what_is_enough_gets_through() {
    for asked in ALL {
        let setting = Setting::new();
        for app in apps(&setting, asked, || setting.config()) {
            let token = setting
                .token()
                .scope("payments accounts")
                .claim("acr", "loa3")
                .claim("auth_time", setting.clock.now().as_secs())
                .claim(
                    "authorization_details",
                    json!([{ "type": "payment_initiation", "amount": "1.00" }]),
                )
                .build();
            let request = setting.request("POST", "/payments", &token);
            assert_eq!(outcome(&app, request).await, answered("done"), "{asked:?}");
        }
    }
}

/// The layer's clock, and its allowance for other clocks.
#[tokio::test]
async fn an_authentication_gets_too_old_while_the_token_lives() {
    let setting = Setting::new();
    let app = Asked::MaxAge
        .on(Router::new().route("/payments", any(async || "done")))
        .layer(setting.layer(setting.config().future_seconds(7)));
    let start = setting.clock.now().as_secs();
    let token = |ahead: i64| {
        let token = setting.token().claim("auth_time", start + ahead);
        token.build()
    };
    let [ahead, too_far, now] = [token(7), token(8), token(0)];
    let status = async |token: &str| {
        let request = setting.request("POST", "/payments", token);
        send(&app, request).await.status()
    };

    assert_eq!(status(&ahead).await, StatusCode::OK);
    assert_eq!(status(&too_far).await, StatusCode::UNAUTHORIZED);
    setting.clock.advance(60);
    assert_eq!(status(&now).await, StatusCode::OK);
    setting.clock.advance(1);
    assert_eq!(status(&now).await, StatusCode::UNAUTHORIZED);
}

/// The mode is the one under which the layer let the request through, of a rule's own too.
#[tokio::test]
async fn an_enforcing_rule_in_a_reporting_configuration_refuses() {
    let setting = Setting::new();
    let config = setting.config().mode(Mode::ReportOnly);
    let config = config.rule(Rule::new("/payments").mode(Mode::Enforce));
    let app = Asked::Scope
        .on(Router::new().route("/payments", any(async || "done")))
        .layer(setting.layer(config));
    let request = setting.request("POST", "/payments", &setting.scoped("accounts"));
    assert_eq!(send(&app, request).await.status(), StatusCode::FORBIDDEN);
}

/// The challenge is that of the configuration which the request met, whatever has become of its URI since.
#[tokio::test]
async fn the_challenge_names_the_origin_that_the_request_came_to() {
    let setting = Setting::new();
    let origins = ["https://a.example.com", "https://b.example.com"]
        .map(|origin| OriginConfig::new(origin).resource(origin));
    let config = FapiConfig::builder("https://a.example.com")
        .issuer(setting.issuer.issuer_config())
        .origins(origins);
    let app = Router::new()
        .route("/payments", any(async || "done"))
        .route_layer(RequireScope::new(["payments"]).unwrap())
        .layer(axum::middleware::map_request(
            async |mut request: axum::extract::Request| {
                request.headers_mut().remove("host");
                request
            },
        ))
        .layer(setting.layer(config));
    for host in ["a.example.com", "b.example.com"] {
        let token = setting.token().audience(format!("https://{host}")).build();
        let url = format!("https://{host}/payments");
        let proof = setting.client.proof("POST", &url, setting.clock.now());
        let mut request = with_proof("POST", "/payments", &token, &proof.token(&token).build());
        request.headers_mut().insert("host", host.parse().unwrap());

        let response = send(&app, request).await;

        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{host}");
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        let metadata =
            format!("resource_metadata=\"https://{host}/.well-known/oauth-protected-resource\"");
        assert!(challenge.contains(&metadata), "{challenge}");
    }
}
