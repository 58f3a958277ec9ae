//! Access control for `/metrics`. In: the `Authorization` header of a request. Out: admitted, or why not.
//!
//! As in controller-runtime, the API server decides: a TokenReview authenticates the token, a SubjectAccessReview
//! checks whether its user may `get` the path `/metrics`. The verdicts are cached briefly, under the SHA-256 of the
//! token: the token itself is neither kept nor logged. Unknown tokens cost the API server no more than a few reviews
//! at a time.

use std::{collections::HashMap, fmt, str::FromStr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, UserInfo},
    authorization::v1::{NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube::{Api, Client, api::PostParams};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::{sync::Semaphore, time::Instant};

use crate::{one_line, timeout::with_timeout};

/// The path that readers need the verb `get` on.
const PATH: &str = "/metrics";
/// How long a verdict is cached: a revoked permission stays effective for as long.
const KEPT: Duration = Duration::from_secs(10);
/// The most verdicts that are cached.
const MOST: usize = 128;
/// The most concurrent reviews.
const AT_ONCE: usize = 4;
/// Deadline for a review, including the wait for its turn: less than Prometheus waits for a scrape.
const DEADLINE: Duration = Duration::from_secs(5);

/// How readers of `/metrics` are authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsAuth {
    /// Not at all.
    #[default]
    None,
    /// By the API server.
    TokenReview,
}

impl FromStr for MetricsAuth {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "None" => Ok(Self::None),
            "TokenReview" => Ok(Self::TokenReview),
            other => Err(format!("`{other}` is not one of None, TokenReview")),
        }
    }
}

impl fmt::Display for MetricsAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::TokenReview => "TokenReview",
        })
    }
}

/// The API server's verdict on a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its user may read.
    Allowed,
    /// The token is not valid.
    Unknown,
    /// The token belongs to this user, who may not read.
    Forbidden(String),
}

/// Authenticates a token and authorizes its user. An error says why it cannot be determined.
pub trait Reviewer: Send + Sync {
    /// Reviews a token.
    fn review<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verdict, String>>;
}

/// Why a reader is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no token.
    #[error("a bearer token is needed: Authorization: Bearer TOKEN")]
    NoToken,
    /// The token is not valid.
    #[error("the API server does not know this token")]
    Unknown,
    /// Its user lacks the permission.
    #[error("{0} may not get the path {PATH}: bind the ClusterRole trimtab-metrics-reader")]
    Forbidden(String),
    /// It cannot be determined.
    #[error("the API server cannot review this token and its permissions: {0}")]
    Unavailable(String),
}

type Key = [u8; 32];

/// Admits readers.
pub struct Access {
    reviewer: Box<dyn Reviewer>,
    known: Mutex<HashMap<Key, (Instant, Verdict)>>,
    turns: Semaphore,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

impl Access {
    /// Access decided by `reviewer`.
    pub fn new(reviewer: impl Reviewer + 'static) -> Arc<Self> {
        let turns = Semaphore::new(AT_ONCE);
        Arc::new(Self { reviewer: Box::new(reviewer), known: Mutex::default(), turns })
    }

    /// Access decided by the API server, if `auth` says so.
    pub fn of(auth: MetricsAuth, client: &Client) -> Option<Arc<Self>> {
        (auth == MetricsAuth::TokenReview).then(|| Self::new(ApiServer(client.clone())))
    }

    /// Checks the `Authorization` header.
    ///
    /// # Errors
    /// Why the sender is refused.
    pub async fn admit(&self, authorization: Option<&str>) -> Result<(), Refusal> {
        let token = authorization.and_then(bearer).ok_or(Refusal::NoToken)?;
        let key: Key = Sha256::digest(token.as_bytes()).into();
        let verdict = match self.kept(&key) {
            Some(verdict) => verdict,
            None => {
                let review = async {
                    // It is never closed.
                    let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
                    self.reviewer.review(token).await
                };
                let said = with_timeout("review a token", DEADLINE, review).await;
                let verdict = said.map_err(|timeout| timeout.to_string()).flatten().map_err(Refusal::Unavailable)?;
                self.keep(key, verdict.clone());
                verdict
            }
        };
        match verdict {
            Verdict::Allowed => Ok(()),
            Verdict::Unknown => Err(Refusal::Unknown),
            Verdict::Forbidden(user) => Err(Refusal::Forbidden(user)),
        }
    }

    fn kept(&self, key: &Key) -> Option<Verdict> {
        let known = self.known.lock();
        known.get(key).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, verdict)| verdict.clone())
    }

    fn keep(&self, key: Key, verdict: Verdict) {
        let mut known = self.known.lock();
        known.retain(|_, (at, _)| at.elapsed() < KEPT);
        if known.len() >= MOST {
            // Trying many tokens does not evict the allowed ones.
            let least = known.iter().min_by_key(|(_, (at, verdict))| (*verdict == Verdict::Allowed, *at));
            if let Some(least) = least.map(|(key, _)| *key) {
                known.remove(&least);
            }
        }
        known.insert(key, (Instant::now(), verdict));
    }
}

/// The token in a header; the scheme is case-insensitive.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Reviews by the API server.
struct ApiServer(Client);

impl Reviewer for ApiServer {
    fn review<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verdict, String>> {
        Box::pin(async move {
            let spec = TokenReviewSpec { token: token.to_owned(), ..TokenReviewSpec::default() };
            let review = TokenReview { spec, ..TokenReview::default() };
            let reviews: Api<TokenReview> = Api::all(self.0.clone());
            let answer = reviews.create(&PostParams::default(), &review).await.map_err(|e| one_line::text(&e))?;
            let status = answer.status.unwrap_or_default();
            let Some(user) = status.user.filter(|_| status.authenticated == Some(true)) else {
                return Ok(Verdict::Unknown);
            };
            let name = user.username.clone().unwrap_or_default();
            let reviews: Api<SubjectAccessReview> = Api::all(self.0.clone());
            let answer = reviews.create(&PostParams::default(), &asks(user)).await.map_err(|e| one_line::text(&e))?;
            let allowed = answer.status.is_some_and(|status| status.allowed && status.denied != Some(true));
            Ok(if allowed { Verdict::Allowed } else { Verdict::Forbidden(name) })
        })
    }
}

fn asks(user: UserInfo) -> SubjectAccessReview {
    let what = NonResourceAttributes { path: Some(PATH.to_owned()), verb: Some("get".to_owned()) };
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: user.username,
            uid: user.uid,
            groups: user.groups,
            extra: user.extra,
            non_resource_attributes: Some(what),
            resource_attributes: None,
        },
        ..SubjectAccessReview::default()
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
