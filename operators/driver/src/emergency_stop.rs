//! The emergency stop of the whole cluster: a ConfigMap `trimtab-halt` in Trimtab's own namespace. While it exists
//! nothing is changed. In: nothing. Out: whether it exists, by a read that began after the question.
//!
//! It is read just before each write. Writes that wait at the same time share one read that began after all of them
//! asked: so a thousand rollouts do not cost a thousand reads a second, and none relies on an answer older than its
//! question.

use std::{
    fmt,
    mem::discriminant,
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use tokio::sync::Mutex;
use trimtab_core::text::printable;
use trimtab_runtime::timeout::with_timeout;

/// The name of the ConfigMap.
pub const NAME: &str = "trimtab-halt";

/// Timeout of a read. After it, the state counts as unknown.
const DEADLINE: Duration = Duration::from_secs(5);
/// How often it is polled by those who wait for a change of it.
const POLL: Duration = Duration::from_secs(1);

/// State of the emergency stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Off.
    Off,
    /// On; by whom, why and since when, as far as the ConfigMap says so.
    On {
        /// Who.
        by: Option<String>,
        /// Why.
        reason: Option<String>,
        /// Since when.
        since: Option<String>,
    },
    /// It cannot be read, which counts as on.
    Unknown(String),
}

impl State {
    /// The state in a sentence; `None` if it is off.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Off => None,
            Self::On { by, reason, since } => {
                let by = by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
                let since = since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
                let why = reason.as_deref().map(|why| format!(", because: {why}")).unwrap_or_default();
                Some(format!("all changes are stopped{by}{since}{why}; to continue, run `kubectl trimtab resume`"))
            }
            Self::Unknown(error) => {
                Some(format!("the emergency stop (ConfigMap {NAME}) cannot be read, so nothing is changed: {error}"))
            }
        }
    }
}

struct Inner {
    api: Api<ConfigMap>,
    last: Mutex<Option<(Instant, State)>>,
}

/// The emergency stop. Cheap to clone.
#[derive(Clone)]
pub struct EmergencyStop(Arc<Inner>);

impl fmt::Debug for EmergencyStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmergencyStop")
    }
}

impl EmergencyStop {
    /// The emergency stop of the Trimtab that runs in `namespace`.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self(Arc::new(Inner { api: Api::namespaced(client, namespace), last: Mutex::new(None) }))
    }

    /// The present state: the read begins after this call.
    pub async fn read(&self) -> State {
        let asked = Instant::now();
        let mut last = self.0.last.lock().await;
        if let Some((began, state)) = &*last
            && *began >= asked
        {
            return state.clone();
        }
        let began = Instant::now();
        let state = match with_timeout("get configmap", DEADLINE, self.0.api.get_opt(NAME)).await {
            Ok(Ok(None)) => State::Off,
            Ok(Ok(Some(map))) => {
                let data = map.data.unwrap_or_default();
                let get = |key: &str| data.get(key).map(|v| printable(v).chars().take(200).collect());
                State::On { by: get("by"), reason: get("reason"), since: get("since") }
            }
            Ok(Err(error)) => State::Unknown(error.to_string()),
            Err(timeout) => State::Unknown(timeout.to_string()),
        };
        *last = Some((began, state.clone()));
        state
    }

    /// The state of the last read, for gates that only inform; every write reads afresh.
    pub async fn lately(&self, age: Duration) -> State {
        let known = self.0.last.lock().await.clone();
        match known {
            Some((began, state)) if began.elapsed() <= age => state,
            _ => self.read().await,
        }
    }

    /// Completes when it is switched on or off, or becomes unreadable. It is not watched, but polled.
    pub async fn turned(&self) {
        let before = discriminant(&self.lately(POLL).await);
        loop {
            tokio::time::sleep(POLL).await;
            if discriminant(&self.lately(POLL).await) != before {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn the_stop_is_said_in_one_sentence() {
        let text = |text: &str| Some(text.to_owned());
        let (by, reason, since) = (text("admin"), text("night of the sale"), text("2026-11-30T10:00:00Z"));
        for (state, expected) in [
            (State::Off, None),
            (
                State::On { by, reason, since },
                Some(
                    "all changes are stopped by admin since 2026-11-30T10:00:00Z, because: night of the sale; to \
                     continue, run `kubectl trimtab resume`",
                ),
            ),
            (
                State::On { by: None, reason: None, since: None },
                Some("all changes are stopped; to continue, run `kubectl trimtab resume`"),
            ),
            (
                State::Unknown("timeout".to_owned()),
                Some("the emergency stop (ConfigMap trimtab-halt) cannot be read, so nothing is changed: timeout"),
            ),
        ] {
            assert_eq!(state.message().as_deref(), expected);
        }
    }
}
