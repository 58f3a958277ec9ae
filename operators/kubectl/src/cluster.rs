//! The cluster as verbs see it: a few reads, each with an error that says what to do.

use jiff::Timestamp;
use k8s_openapi::api::{coordination::v1::Lease, core::v1::ConfigMap};
use kube::{Api, Client, api::ListParams, core::Status};
use trimtab_api::{
    OptimizationPolicy, UsageProfile, optimization_policy::OptimizationPolicySpec, recommendation::Recommendation,
};
use trimtab_core::text::printable;
use trimtab_runtime::{
    Explain, Metrics,
    client::{ClientOptions, connect},
    proxy::Variables,
};

use crate::{
    Surroundings,
    cli::Place,
    decided_on::DecidedOn,
    health::{EmergencyStop, Lead, Read},
    problem::Problem,
    refusal::{Tried, meaning},
    screen::Screen,
};

/// The field manager of everything that is written.
pub const MANAGER: &str = "kubectl-trimtab";
/// The Lease of the controllers.
pub const LEASE: &str = "trimtab-controller";
/// The emergency stop.
pub const HALT: &str = "trimtab-halt";
/// Objects of one page of a list.
pub const PAGE: u32 = 500;
/// A person is waiting: a busy server is retried, but not for minutes.
const RETRIES: u32 = 2;

/// One connection, for one verb.
pub struct Session {
    /// The client.
    pub client: Client,
    /// Standard output.
    pub screen: Screen,
    place: Place,
    server: String,
    context_namespace: String,
    own_found: Option<String>,
    now: fn() -> Timestamp,
}

impl Session {
    /// Connects. Nothing is sent yet.
    pub fn open(place: &Place, around: Surroundings) -> Result<Self, Problem> {
        if place.user.is_none() && !place.groups.is_empty() {
            return Err(Problem::Usage("--as-group needs a user: use --as too".to_owned()));
        }
        let options = ClientOptions {
            kubeconfig: place.kubeconfig.clone(),
            context: place.context.clone(),
            user: place.user.clone(),
            groups: place.groups.clone(),
            proxies: Variables::of_process(),
            retries: RETRIES,
            ..ClientOptions::default()
        };
        let connection = connect(&options, Metrics::new(env!("CARGO_PKG_VERSION"), None))
            .map_err(|e| Problem::Failed(format!("{e}. {}", e.what_to_do())))?;
        Ok(Self {
            client: connection.client,
            screen: Screen::new(),
            place: place.clone(),
            server: connection.server,
            context_namespace: connection.namespace,
            own_found: None,
            now: around.now,
        })
    }

    /// A session with a test's own client.
    #[cfg(test)]
    pub fn with_client(client: Client) -> Self {
        Self {
            client,
            screen: Screen { paint: crate::paint::Paint(false) },
            place: Place::default(),
            server: "https://a-test".to_owned(),
            context_namespace: "shop".to_owned(),
            own_found: None,
            now: crate::testkit::now,
        }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// The given namespace, else that of the context.
    pub fn namespace(&self) -> &str {
        self.place.namespace.as_deref().unwrap_or(&self.context_namespace)
    }

    /// The namespace to list, `None` for all.
    pub fn scope(&self) -> Option<&str> {
        (!self.place.all_namespaces).then(|| self.namespace())
    }

    /// Whether a namespace was given.
    pub fn is_namespace_named(&self) -> bool {
        self.place.namespace.is_some()
    }

    /// Refuses object names combined with all namespaces.
    pub fn one_namespace(&self) -> Result<(), Problem> {
        match self.place.all_namespaces {
            true => {
                Err(Problem::Usage("a name belongs to one namespace: use --namespace, not --all-namespaces".to_owned()))
            }
            false => Ok(()),
        }
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Trimtab's own namespace: as given, else where it was found, else the usual one.
    pub fn own(&self) -> &str {
        let known = self.place.trimtab_namespace.as_deref().or(self.own_found.as_deref());
        known.unwrap_or("trimtab-system")
    }

    /// Keeps where Trimtab was found.
    pub fn own_found(&mut self, namespace: String) {
        self.own_found = Some(namespace);
    }

    /// Whether Trimtab was found.
    pub fn is_own_found(&self) -> bool {
        self.own_found.is_some()
    }

    /// Whether Trimtab's own namespace was given.
    pub fn is_own_named(&self) -> bool {
        self.place.trimtab_namespace.is_some()
    }

    /// The Recommendations of a namespace, or of all.
    pub fn recommendations(&self, scope: Option<&str>) -> Api<Recommendation> {
        match scope {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// The objects of a kind that people decide on, in a namespace.
    pub fn objects<K: DecidedOn>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Explains an error.
    pub fn problem(&self, error: kube::Error, tried: Tried<'_>) -> Problem {
        Problem::Failed(match error {
            kube::Error::Api(status) => meaning(&status, tried),
            other => {
                let mut text = format!("cannot ask the API server {}: {other}", self.server);
                let mut cause = std::error::Error::source(&other);
                while let Some(c) = cause {
                    let said = c.to_string();
                    if !text.contains(&said) {
                        text.push_str(&format!(": {said}"));
                    }
                    cause = c.source();
                }
                text
            }
        })
    }

    /// One object of a kind that people decide on.
    pub async fn get<K: DecidedOn>(&self, namespace: &str, name: &str) -> Result<K, Problem> {
        let what = format!("{} {namespace}/{name}", K::KIND);
        self.objects(namespace).get(name).await.map_err(|e| self.problem(e, Tried::Read(&what)))
    }

    /// All Recommendations of a namespace, or of all.
    pub async fn list(&self, scope: Option<&str>) -> Result<Vec<Recommendation>, kube::Error> {
        let api = self.recommendations(scope);
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut page = ListParams::default().limit(PAGE);
            page.continue_token = token;
            let list = api.list(&page).await?;
            found.extend(list.items);
            token = list.metadata.continue_.filter(|t| !t.is_empty());
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// As [`Session::list`], with an error for people.
    pub async fn listed(&self, scope: Option<&str>) -> Result<Vec<Recommendation>, Problem> {
        let what = scope.map_or_else(|| "Recommendations".to_owned(), |n| format!("Recommendations in namespace {n}"));
        self.list(scope).await.map_err(|e| self.problem(e, Tried::Read(&what)))
    }

    /// The policy that made a Recommendation, if readable.
    pub async fn policy(&self, rec: &Recommendation) -> Option<OptimizationPolicySpec> {
        let name = &rec.spec.policy_ref.as_ref()?.name;
        Api::<OptimizationPolicy>::all(self.client.clone()).get(name).await.ok().map(|p| p.spec)
    }

    /// All policies.
    pub async fn policies(&self) -> Read<Vec<OptimizationPolicy>> {
        let list = Api::<OptimizationPolicy>::all(self.client.clone()).list(&ListParams::default()).await;
        list.map(|l| l.items).map_err(|e| self.unread(e, "OptimizationPolicies"))
    }

    /// The same; none where their kind is not installed.
    pub async fn installed_policies(&self) -> Read<Vec<OptimizationPolicy>> {
        let list = Api::<OptimizationPolicy>::all(self.client.clone()).list(&ListParams::default()).await;
        match list {
            Ok(list) => Ok(list.items),
            Err(error) if answer(&error).is_some_and(|status| status.code == 404) => Ok(Vec::new()),
            Err(error) => Err(self.unread(error, "OptimizationPolicies")),
        }
    }

    /// The UsageProfile of the same name; `None` where there is none.
    pub async fn profile(&self, rec: &Recommendation) -> Read<Option<UsageProfile>> {
        let (namespace, name) = (rec.metadata.namespace.as_deref().unwrap_or_default(), crate::words::name(rec));
        let api = Api::<UsageProfile>::namespaced(self.client.clone(), namespace);
        api.get_opt(name).await.map_err(|e| self.unread(e, &format!("UsageProfile {namespace}/{name}")))
    }

    /// The emergency stop; `None` where it is off.
    pub async fn emergency_stop(&self) -> Read<Option<EmergencyStop>> {
        let found = Api::<ConfigMap>::namespaced(self.client.clone(), self.own()).get_opt(HALT).await;
        let found = found.map_err(|e| self.unread(e, &format!("ConfigMap {}/{HALT}", self.own())))?;
        Ok(found.map(|map| {
            let mut data = map.data.unwrap_or_default();
            let mut said = |key: &str| data.remove(key).map(|text| printable(&text).into_owned());
            EmergencyStop { by: said("by"), reason: said("reason"), since: said("since") }
        }))
    }

    /// Who leads, by the Lease.
    pub async fn operator(&self) -> Read<Lead> {
        let found = Api::<Lease>::namespaced(self.client.clone(), self.own()).get_opt(LEASE).await;
        let found = found.map_err(|e| self.unread(e, &format!("Lease {}/{LEASE}", self.own())))?;
        Ok(found.into())
    }

    /// Why something could not be read, in a few words.
    pub(crate) fn unread(&self, error: kube::Error, what: &str) -> String {
        match &error {
            kube::Error::Api(status) if status.code == 403 => format!("no permission to read {what}"),
            _ => match self.problem(error, Tried::Read(what)).said() {
                Some(text) => text.to_owned(),
                None => format!("{what} cannot be read"),
            },
        }
    }
}

/// The server's answer, if the error contains one.
pub fn answer(error: &kube::Error) -> Option<&Status> {
    match error {
        kube::Error::Api(status) => Some(status),
        _ => None,
    }
}
