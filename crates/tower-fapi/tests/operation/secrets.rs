//! Secrets in the environment, in files, and in the document.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(feature = "redis")]
use base64::Engine as _;
#[cfg(feature = "redis")]
use base64::engine::general_purpose::STANDARD;
use fapi_core::config::{Config, ConfigError, PrivateKeyJwt, Secret};
use tower_fapi::FapiLayer;

use crate::introspect_support as issuer;
use crate::log::{Log, keep_lines};

/// 32 bytes.
const NONCE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A field of the document that holds a secret.
struct Field {
    path: &'static str,
    variable: &'static str,
    good: String,
    set: fn(&mut Config, Secret),
}

fn fields() -> Vec<Field> {
    vec![
        Field {
            path: "dpop.nonce.keys[0]",
            variable: "FAPI_TEST_NONCE_KEY",
            good: NONCE_KEY.to_owned(),
            set: |config, secret| config.dpop.nonce.keys = vec![secret],
        },
        Field {
            path: "issuers[0].introspection.client_auth.private_key_jwt.key",
            variable: "FAPI_TEST_CLIENT_KEY",
            good: client_key(),
            set: |config, secret| {
                let introspection = config.issuers[0].introspection.as_mut().unwrap();
                introspection.client_auth = PrivateKeyJwt::new(secret).into();
            },
        },
        #[cfg(feature = "redis")]
        Field {
            path: "redis.password",
            variable: "FAPI_TEST_REDIS_PASSWORD",
            good: "correct-horse".to_owned(),
            set: |config, secret| in_redis(config).password = Some(secret),
        },
        #[cfg(feature = "redis")]
        Field {
            path: "redis.sentinel.password",
            variable: "FAPI_TEST_SENTINEL_PASSWORD",
            good: "correct-horse".to_owned(),
            set: |config, secret| {
                let mut sentinel = fapi_core::config::RedisSentinel::new("main");
                sentinel.password = Some(secret);
                let redis = in_redis(config);
                redis.urls = redis.url.take().map(|url| vec![url]);
                redis.sentinel = Some(sentinel);
            },
        },
        #[cfg(feature = "redis")]
        Field {
            path: "redis.tls.ca",
            variable: "FAPI_TEST_REDIS_CA",
            good: pem("cert.pem"),
            set: |config, secret| with_tls(config).ca = Some(secret),
        },
        #[cfg(feature = "redis")]
        Field {
            path: "redis.tls.client_cert",
            variable: "FAPI_TEST_REDIS_CERT",
            good: pem("cert.pem"),
            set: |config, secret| {
                let key = file(&pem("key.pem"));
                let tls = with_tls(config);
                tls.client_key = Some(key);
                tls.client_cert = Some(secret);
            },
        },
        #[cfg(feature = "redis")]
        Field {
            path: "redis.tls.client_key",
            variable: "FAPI_TEST_REDIS_KEY",
            good: pem("key.pem"),
            set: |config, secret| {
                let cert = file(&pem("cert.pem"));
                let tls = with_tls(config);
                tls.client_cert = Some(cert);
                tls.client_key = Some(secret);
            },
        },
    ]
}

/// A certificate and its key, made once.
#[cfg(feature = "redis")]
fn pem(name: &str) -> String {
    static MADE: std::sync::OnceLock<[String; 2]> = std::sync::OnceLock::new();
    let [cert, key] = MADE.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let encode = |label: &str, der: &[u8]| {
            let text = STANDARD.encode(der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----")
        };
        [
            encode("CERTIFICATE", made.cert.der()),
            encode("PRIVATE KEY", made.signing_key.serialized_der()),
        ]
    });
    if name == "cert.pem" { cert } else { key }.clone()
}

#[cfg(feature = "redis")]
fn in_redis(config: &mut Config) -> &mut fapi_core::config::RedisConfig {
    config.dpop.replay.store = Some(fapi_core::config::ReplayStoreKind::Redis);
    config.dpop.nonce.keys = vec![file(NONCE_KEY)];
    let redis = config.redis.get_or_insert_default();
    redis.url = Some("redis://127.0.0.1:1".to_owned());
    redis
}

#[cfg(feature = "redis")]
fn with_tls(config: &mut Config) -> &mut fapi_core::config::RedisTls {
    let redis = in_redis(config);
    redis.url = Some("rediss://127.0.0.1:1".to_owned());
    redis.tls.get_or_insert_default()
}

/// A new file with this text and the line break that editors end files with.
fn file(text: &str) -> Secret {
    static FILES: AtomicU32 = AtomicU32::new(0);

    let directory = std::env::temp_dir().join(format!("tower-fapi-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = directory.join(number.to_string());
    std::fs::write(&path, format!("{text}\n")).unwrap();
    Secret::File(path.display().to_string())
}

/// Builds a layer with this secret in this field, and says what was logged about secrets.
fn built(field: &Field, secret: Secret) -> (Result<FapiLayer, ConfigError>, Vec<String>) {
    let endpoint = issuer::endpoint("https://as.example.com", &issuer::signing_key());
    let mut config = issuer::config(endpoint);
    let elsewhere = file(&client_key());
    config.issuers[0]
        .introspection
        .as_mut()
        .unwrap()
        .client_auth = PrivateKeyJwt::new(elsewhere).into();
    (field.set)(&mut config, secret);
    let log = Log::default();
    let guard = keep_lines(&log);
    let layer = FapiLayer::new(config);
    drop(guard);
    let lines = log.take();
    let about_secrets = |line: &&str| line.contains("a secret stands in the configuration");
    let lines = lines.lines().filter(about_secrets).map(str::to_owned);
    (layer, lines.collect())
}

fn client_key() -> String {
    issuer::signing_key().to_private_jwk().unwrap().to_string()
}

#[test]
fn a_secret_in_a_file_is_read_without_a_word() {
    for field in fields() {
        let secret = file(&field.good);
        let (layer, log) = built(&field, secret);
        assert!(layer.is_ok(), "{}: {layer:?}", field.path);
        assert_eq!(log, [""; 0], "{}", field.path);
    }
}

#[test]
fn a_secret_in_the_document_is_warned_of_once_and_not_shown() {
    for field in fields() {
        let (layer, log) = built(&field, Secret::Inline(field.good.clone()));
        assert!(layer.is_ok(), "{}: {layer:?}", field.path);
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(log[0].contains("WARN"), "{log:?}");
        assert!(log[0].contains(field.path), "{log:?}");
        assert!(!log[0].contains(&field.good), "{log:?}");
    }
}

#[test]
fn a_missing_file_or_variable_is_an_error_that_names_the_field() {
    for field in fields() {
        for missing in [
            Secret::File("/nonexistent/secret".to_owned()),
            Secret::Env("TOWER_FAPI_NO_SUCH_VARIABLE".to_owned()),
        ] {
            let (layer, _) = built(&field, missing);
            let error = layer.unwrap_err();
            assert_eq!(error.path(), field.path, "{error}");
            let place = ["/nonexistent/secret", "TOWER_FAPI_NO_SUCH_VARIABLE"];
            assert!(place.iter().any(|place| error.problem().contains(place)));
        }
    }
}

/// A process cannot safely change its own environment, so this test runs itself again in another one.
#[test]
fn a_secret_in_the_environment_is_read_without_a_word() {
    const AGAIN: &str = "FAPI_TEST_SECRETS_ARE_SET";
    if std::env::var_os(AGAIN).is_none() {
        let mut again = Command::new(std::env::current_exe().unwrap());
        let name = "secrets::a_secret_in_the_environment_is_read_without_a_word";
        again.args(["--exact", name]).env(AGAIN, "1");
        again.envs(fields().into_iter().map(|it| (it.variable, it.good)));
        let output = again.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    for field in fields() {
        let (layer, log) = built(&field, Secret::Env(field.variable.to_owned()));
        assert!(layer.is_ok(), "{}: {layer:?}", field.path);
        assert_eq!(log, [""; 0], "{}", field.path);
    }
}
