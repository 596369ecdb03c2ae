//! The service: what its author has to write.

use tokio_stream::{Iter, iter};
use tonic::{Request, Response, Status};
use tower_fapi::Access;

use crate::accounts::accounts_server::Accounts;
use crate::accounts::{Account, GetRequest};

/// Answers about the account of whoever has proven that the token is theirs.
#[derive(Clone, Copy, Debug)]
pub struct AccountService;

#[tonic::async_trait]
impl Accounts for AccountService {
    type WatchStream = Iter<std::vec::IntoIter<Result<Account, Status>>>;

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<Account>, Status> {
        let owner = owner(&request)?;
        Ok(Response::new(Account {
            owner,
            balance: 1200,
        }))
    }

    async fn watch(
        &self,
        request: Request<GetRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        // The proof was checked before this handler was called, and counts for the whole stream.
        let owner = owner(&request)?;
        let balances = [1200, 1150, 1300].map(|balance| {
            Ok(Account {
                owner: owner.clone(),
                balance,
            })
        });
        Ok(Response::new(iter(Vec::from(balances))))
    }
}

/// Only the layer makes an [`Access`]; without one, the service is not behind it.
fn owner<T>(request: &Request<T>) -> Result<String, Status> {
    let access = request
        .extensions()
        .get::<Access>()
        .ok_or_else(|| Status::internal("not behind FapiLayer"))?;
    Ok(access.subject().unwrap_or("nobody").to_owned())
}
