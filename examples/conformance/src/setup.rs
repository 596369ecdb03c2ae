//! The files that everything else is started from. Once written they stay, so that a plan in the suite stays good.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use fapi_tests::suite::document::{self, Places};
use fapi_tests::suite::{Cast, Variants};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::options::{Names, Options, Socket};
use crate::plan::{self, Door};
use crate::{envoy, upstream};

/// The certificate authority that everybody here is certified by.
pub(crate) const AUTHORITY: &str = "ca.pem";
/// The certificate of all servers, and its key.
pub(crate) const CERTIFICATE: &str = "server.pem";
pub(crate) const KEY: &str = "server.key";
/// The issuer's document.
pub(crate) const ISSUER: &str = "issuer.json";
/// The document of the protected resource, for the layer.
pub(crate) const RESOURCE: &str = "resource.json";
/// The same for the filter.
pub(crate) const FILTER: &str = "filter.json";
/// With this key the resource server asks the issuer about tokens.
const RESOURCE_KEY: &str = "resource-key.json";
/// Which names the files are made for. Written last: where it is, the others are.
const NAMES: &str = "names.json";
/// What the suite's own runner is to run.
const PLANS: &str = "plans.txt";

/// Writes the files, unless they are there for the same names.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let names = options.file(NAMES);
    if fs::read(&names).is_ok_and(|text| is_for(&text, &options.names)) {
        return Ok(());
    }
    for door in Door::ALL {
        private_folder(&options.suite_folder().join(door.name()))?;
    }
    private_folder(options.folder())?;
    // While they are being written they are for nobody.
    drop(fs::remove_file(&names));

    let cast = Cast::new(&[options.host()]);
    fs::write(options.file(AUTHORITY), cast.authority.pem())?;
    fs::write(options.file(CERTIFICATE), cast.server.pem())?;
    fs::write(options.file(KEY), cast.server.key_pem())?;
    write(&options.file(ISSUER), &issuer(options, &cast)?)?;
    let key = document::private_jwk(&cast.resource_server_key);
    let key_file = options.file(RESOURCE_KEY);
    write(&key_file, &key)?;
    let by_file = json!({ "file": absolute(&key_file)? });
    write(&options.file(RESOURCE), &resource(options, &by_file))?;
    write(&options.file(FILTER), &filter(options, &key))?;
    write_plans(options, &cast)?;
    write(&names, &options.names)?;
    Ok(())
}

fn is_for(text: &[u8], names: &Names) -> bool {
    serde_json::from_slice::<Names>(text).is_ok_and(|written| written == *names)
}

/// One document for the clients of all variants.
fn issuer(options: &Options, cast: &Cast) -> Result<Value, Box<dyn Error>> {
    let folder = absolute(options.folder())?;
    let (issuer, mtls_origin) = (options.issuer(), options.mtls_origin());
    let (resource, callback) = (options.resource(), options.callback());
    let places = Places {
        issuer: &issuer,
        mtls_origin: &mtls_origin,
        resource: &resource,
        callback: &callback,
        listen: [Socket::Issuer, Socket::IssuerForCertificates]
            .map(|socket| options.address(socket)),
    };
    Ok(document::configuration(cast, places, &folder))
}

/// Every token is asked about, each time: that is how a resource server learns that a code was used twice, and its
/// tokens are revoked.
fn resource(options: &Options, key: &Value) -> Map<String, Value> {
    let issuer = options.issuer();
    let issuers = json!([{
        "issuer": issuer,
        "token_format": "any",
        "revocation": "introspect",
        "introspection": {
            "endpoint": format!("{issuer}/introspect"),
            "client_id": document::RESOURCE_SERVER,
            "client_auth": { "private_key_jwt": { "key": key } },
        },
    }]);
    Map::from_iter([
        ("resource".to_owned(), options.resource().into()),
        ("issuers".to_owned(), issuers),
        ("dpop".to_owned(), json!({ "required": false })),
        ("mtls".to_owned(), json!({ "certificate_from": "tls" })),
    ])
}

/// The same for the filter, which sees no files.
fn filter(options: &Options, key: &Value) -> Map<String, Value> {
    let mut document = resource(options, key);
    document.insert("origin".to_owned(), options.behind_envoy().into());
    let envoy = json!({
        "cluster": envoy::ISSUER_CLUSTER,
        "claim_headers": [{ "claim": "sub", "header": upstream::SUBJECT }],
        "readiness_path": envoy::READY,
    });
    document.insert("envoy".to_owned(), envoy);
    document
}

/// A file for each variant and door, and a list of them.
fn write_plans(options: &Options, cast: &Cast) -> io::Result<()> {
    let folder = options.suite_folder();
    let mut list = String::new();
    for door in Door::ALL {
        for variant in Variants::all().iter() {
            let name = format!("{}/{variant}.json", door.name());
            let configuration = plan::configuration(options, cast, variant, door);
            write(&folder.join(&name), &configuration)?;
            list += &format!("{} {name}\n", plan::name(variant));
        }
    }
    fs::write(folder.join(PLANS), list)
}

fn write(path: &Path, document: &impl Serialize) -> io::Result<()> {
    fs::write(path, serde_json::to_vec_pretty(document)?)
}

/// The same path for programs that are started elsewhere.
pub(crate) fn absolute(path: &Path) -> Result<String, Box<dyn Error>> {
    let path = fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let path = path.to_str().ok_or("a path is not UTF-8")?;
    Ok(path.to_owned())
}

/// There are private keys in it.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
