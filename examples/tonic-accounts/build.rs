//! Makes client and server of `accounts.v1.Accounts`, without `.proto` file and without `protoc`.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let get = method("get", "Get").build();
    let watch = method("watch", "Watch").server_streaming().build();
    let accounts = Service::builder()
        .package("accounts.v1")
        .name("Accounts")
        .method(get)
        .method(watch)
        .build();
    Builder::new().compile(&[accounts]);
}

fn method(name: &str, route: &str) -> tonic_build::manual::MethodBuilder {
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type("crate::accounts::GetRequest")
        .output_type("crate::accounts::Account")
        .codec_path("tonic_prost::ProstCodec")
}
