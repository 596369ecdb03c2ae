//! Authorization codes, and the requests that they answer.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::harness::{Answer, Caller, encode};
use crate::scene::{CALLBACK, Scene, filled, location, of_code};
use crate::site::{Asked, Site, copy, random};

/// Two kills in each.
const ROUNDS: usize = 10;

/// Users at the same time.
const USERS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_makes_no_second_code_and_no_second_token() {
    let site = Site::new();
    let mut codes_seen = 0;
    let mut tokens_seen = 0;
    for _ in 0..ROUNDS {
        let mut program = site.start();
        let mut pages = Vec::new();
        for _ in 0..USERS {
            let mut scene = Scene::with(site.caller(&program));
            let page = consent(&mut scene).await;
            pages.push((scene, page));
        }
        // Every user presses the button twice.
        let approvals = pages.iter().flat_map(|(scene, page)| {
            [(); 2].map(|()| {
                let caller = site.caller(&program);
                let request = approve(scene, &caller, page);
                async move { caller.try_to_send(request).await }
            })
        });
        let answers = killed(approvals.collect(), || program.kill()).await;
        program = site.start();
        let caller = site.caller(&program);
        let mut codes = Vec::new();
        for ((scene, page), answers) in pages.iter().zip(answers.chunks(2)) {
            let again = caller.send(approve(scene, &caller, page)).await;
            let answers = answers.iter().flatten().chain([&again]);
            let mut of_user: Vec<_> = answers.filter_map(code_in).collect();
            assert!(of_user.len() <= 1, "{of_user:?}");
            codes.extend(of_user.pop().map(|code| (copy(&scene.dpop), code)));
        }
        codes_seen += codes.len();

        // Every client redeems its code twice.
        let redemptions = codes.iter().flat_map(|(holder, code)| {
            [(); 2].map(|()| {
                let caller = site.caller(&program);
                let asked = Asked::new(&caller, holder, &of_code(code));
                async move { asked.send(&caller).await }
            })
        });
        let told = killed(redemptions.collect(), || program.kill()).await;
        program = site.start();
        let caller = site.caller(&program);
        for ((holder, code), told) in codes.iter().zip(told.chunks(2)) {
            let again = Asked::new(&caller, holder, &of_code(code))
                .send(&caller)
                .await;
            let last = Asked::new(&caller, holder, &of_code(code))
                .send(&caller)
                .await;
            let told = told.iter().chain([&again, &last]).flatten();
            let tokens: Vec<_> = told.filter(|told| told.status == 200).collect();
            assert!(tokens.len() <= 1, "{tokens:?}");
            // RFC 6749 §4.1.2: whoever brought the code again has ended what came of it.
            for told in &tokens {
                assert!(!site.is_active(&caller, &told.token).await);
            }
            tokens_seen += tokens.len();
        }
    }
    assert!(codes_seen > 0 && tokens_seen > 0);
}

/// What all of them are told at once, until at a random one of them the issuer is killed.
async fn killed<T: Send + 'static>(
    acts: Vec<impl Future<Output = Option<T>> + Send + 'static>,
    kill: impl FnOnce(),
) -> Vec<Option<T>> {
    if acts.is_empty() {
        kill();
        return Vec::new();
    }
    let enough = random(acts.len());
    let (tell, mut hear) = mpsc::unbounded_channel();
    let mut acting = JoinSet::new();
    for (place, act) in acts.into_iter().enumerate() {
        let tell = tell.clone();
        acting.spawn(async move {
            let told = act.await;
            // An error says that the issuer is killed already.
            let _ = tell.send(());
            (place, told)
        });
    }
    for _ in 0..enough {
        hear.recv().await.unwrap();
    }
    kill();
    let mut told = acting.join_all().await;
    told.sort_by_key(|(place, _)| *place);
    told.into_iter().map(|(_, told)| told).collect()
}

/// The consent page for a new request.
pub(crate) async fn consent(scene: &mut Scene) -> Answer {
    let request_uri = scene.request_uri(json!({})).await;
    if scene.cookies.is_empty() {
        return scene.log_in(&request_uri).await;
    }
    let start = format!(
        "/authorize?client_id=app&request_uri={}",
        encode(&request_uri)
    );
    let to_consent = scene.open(&start).await;
    scene.open(&location(&to_consent)).await
}

/// The press of the button.
pub(crate) fn approve(scene: &Scene, server: &Caller, page: &Answer) -> Request<Body> {
    let form = filled(page, &[("decision", "approve")]);
    scene.visit(server, Method::POST, "/consent", Some(form))
}

/// The code that the browser is sent away with.
pub(crate) fn code_in(answer: &Answer) -> Option<String> {
    if answer.status != 303 {
        return None;
    }
    let location = location(answer);
    let query = location.strip_prefix(CALLBACK)?.strip_prefix('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(name, value)| (name == "code").then(|| value.into_owned()))
}
