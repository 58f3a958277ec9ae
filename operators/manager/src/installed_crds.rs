//! The installed CRDs: whether they have what this release reads and writes.
//!
//! In: the API server, which is asked for each of them again and again. Out: whether this instance may lead, and what
//! `/readyz` and the metrics say. While a CRD lacks something, a status cannot be written: so nothing is begun that could
//! not be recorded. A CRD that is missing, or may not be read, is reported and stops nothing: kinds go one by one when
//! Trimtab is uninstalled, and what it changed is undone meanwhile.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::ObjectMeta,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trimtab_api::{crds, skew};

/// Time between two looks while all is well.
const LOOK: Duration = Duration::from_secs(30);
/// The same while something is not: whoever mends it is waiting.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// What installs them.
const APPLY: &str = "kubectl apply --server-side --force-conflicts -f crds/";

/// How an installed CRD compares with that of this release.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// It has not been read yet, and why.
    Unread(String),
    /// It has what this release needs.
    Current,
    /// It lacks this.
    Lacks(Vec<String>),
    /// It is not installed.
    Missing,
    /// It may not be read, and what the API server says.
    Forbidden(String),
}

/// All of them, by name.
type Standings = BTreeMap<&'static str, Standing>;

/// The object that was compared: another one, or a changed one, is compared again.
type Identity = (Option<String>, Option<i64>);

/// The installed CRDs. Cheap to clone.
#[derive(Clone)]
pub struct InstalledCrds {
    standings: Arc<Mutex<Standings>>,
    eligible: watch::Receiver<bool>,
}

impl InstalledCrds {
    /// Looks at them until `stop`.
    pub fn start(client: &Client, stop: &CancellationToken) -> Self {
        let unread = |name| (name, Standing::Unread("it has not been read yet".to_owned()));
        let standings = Arc::new(Mutex::new(Standings::from(crds::names().map(unread))));
        let resource = ApiResource::erase::<CustomResourceDefinition>(&());
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let mut looks = Looks { api, compared: BTreeMap::new(), standings: standings.clone() };
        let (say, eligible) = watch::channel(false);
        let (known, stop) = (standings.clone(), stop.clone());
        tokio::spawn(async move {
            let mut was = None;
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = looks.look() => {}
                }
                let now = fault(&known.lock());
                match (&was, &now) {
                    (None, Some(why)) => {
                        tracing::warn!(why, "the installed CRDs are not known to be those of this release")
                    }
                    (Some(_), None) => tracing::info!("the installed CRDs have what this release needs"),
                    _ => {}
                }
                say.send_replace(is_eligible(&known.lock()));
                let pause = if now.is_none() && *say.borrow() { LOOK } else { LOOK_AGAIN };
                was = now;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
        Self { standings, eligible }
    }

    /// Whether this instance may lead, as it changes.
    pub fn eligible(&self) -> watch::Receiver<bool> {
        self.eligible.clone()
    }

    /// The check of `/readyz`.
    ///
    /// # Errors
    /// What is wrong, or not known yet.
    pub fn check(&self) -> Result<(), String> {
        let standings = self.standings.lock();
        let unread = || {
            standings.iter().find_map(|(name, standing)| match standing {
                Standing::Unread(why) => Some(format!("{name}: {why}")),
                _ => None,
            })
        };
        fault(&standings).or_else(unread).map_or(Ok(()), Err)
    }

    /// Whether each is missing or lacks something, as far as known.
    pub fn outdated(&self) -> Vec<(&'static str, bool)> {
        let of = |(name, standing): (&&'static str, &Standing)| match standing {
            Standing::Current => Some((*name, false)),
            Standing::Lacks(_) | Standing::Missing => Some((*name, true)),
            Standing::Unread(_) | Standing::Forbidden(_) => None,
        };
        self.standings.lock().iter().filter_map(of).collect()
    }
}

/// What is wrong with the CRDs, and what to do; `None` if nothing is known to be.
fn fault(standings: &Standings) -> Option<String> {
    let of = |(name, standing): (&&'static str, &Standing)| match standing {
        Standing::Lacks(missing) => Some(format!("{name} lacks {}", skew::named(missing))),
        Standing::Missing => Some(format!("{name} is not installed")),
        _ => None,
    };
    let behind: Vec<String> = standings.iter().filter_map(of).collect();
    let refused = standings.values().find_map(|standing| match standing {
        Standing::Forbidden(why) => Some(format!("{why}: apply deploy/rbac.yaml")),
        _ => None,
    });
    let behind = (!behind.is_empty()).then(|| {
        let waits = match is_eligible(standings) {
            true => "",
            false => {
                concat!("; Trimtab ", env!("CARGO_PKG_VERSION"), " needs it, and begins and writes nothing before")
            }
        };
        format!("{}{waits}: {APPLY}", behind.join(", "))
    });
    let faults: Vec<String> = behind.into_iter().chain(refused).collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// Whether an instance may lead: every CRD has been looked at, and none lacks anything.
fn is_eligible(standings: &Standings) -> bool {
    !standings.values().any(|standing| matches!(standing, Standing::Unread(_) | Standing::Lacks(_)))
}

/// Compares a CRD with the one of the same name in this release.
fn compare(name: &str, installed: &Value) -> Standing {
    match crds::named(name) {
        Ok(Some(wanted)) => match skew::lacks(&wanted, installed) {
            missing if missing.is_empty() => Standing::Current,
            missing => Standing::Lacks(missing),
        },
        Ok(None) => Standing::Current,
        Err(error) => Standing::Unread(error.to_string()),
    }
}

fn identity(metadata: &ObjectMeta) -> Identity {
    (metadata.uid.clone(), metadata.generation)
}

/// Reads them. Of one that has not changed, only the metadata is read.
struct Looks {
    api: Api<DynamicObject>,
    compared: BTreeMap<&'static str, Identity>,
    standings: Arc<Mutex<Standings>>,
}

impl Looks {
    /// Looks at each once.
    async fn look(&mut self) {
        for name in crds::names() {
            let standing = match self.read(name).await {
                Ok(standing) => standing,
                Err(kube::Error::Api(status)) if status.code == 403 => {
                    self.compared.remove(name);
                    Some(Standing::Forbidden(status.message))
                }
                Err(error) => {
                    let why = match error {
                        kube::Error::Api(status) => status.message,
                        other => other.to_string(),
                    };
                    tracing::debug!(crd = name, why, "a CRD could not be read");
                    // What was known last still holds.
                    let is_unread = matches!(self.standings.lock().get(name), Some(Standing::Unread(_)));
                    is_unread.then_some(Standing::Unread(why))
                }
            };
            if let Some(standing) = standing {
                self.standings.lock().insert(name, standing);
            }
        }
    }

    /// The standing of one; `None` if it is the one that was compared before.
    async fn read(&mut self, name: &'static str) -> Result<Option<Standing>, kube::Error> {
        let metadata = self.api.get_metadata_opt(name).await?.map(|object| object.metadata);
        if metadata.as_ref().is_some_and(|metadata| self.compared.get(name) == Some(&identity(metadata))) {
            return Ok(None);
        }
        let installed = match metadata {
            Some(_) => self.api.get_opt(name).await?,
            None => None,
        };
        let Some(crd) = installed else {
            self.compared.remove(name);
            return Ok(Some(Standing::Missing));
        };
        self.compared.insert(name, identity(&crd.metadata));
        Ok(Some(compare(name, &crd.data)))
    }
}

#[cfg(test)]
#[path = "installed_crds_tests.rs"]
mod tests;
