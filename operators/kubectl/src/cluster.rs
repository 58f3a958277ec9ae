//! The cluster as verbs see it: a few reads, each with an error that says what to do.

use jiff::Timestamp;
use k8s_openapi::api::{
    authentication::v1::SelfSubjectReview,
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    coordination::v1::Lease,
    core::v1::ConfigMap,
};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
    core::Status,
};
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
    health::{EmergencyStop, Operator, Read},
    problem::Problem,
    refusal::{Tried, meaning},
    screen::Screen,
    uninstall::Right,
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

    /// Trimtab's own namespace.
    pub fn own(&self) -> &str {
        self.place.trimtab_namespace.as_deref().unwrap_or("trimtab-system")
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

    /// One Recommendation.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Recommendation, Problem> {
        let what = format!("Recommendation {namespace}/{name}");
        self.recommendations(Some(namespace)).get(name).await.map_err(|e| self.problem(e, Tried::Read(&what)))
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

    /// The user's name, as the API server knows it.
    pub async fn user(&self) -> Result<String, Problem> {
        let api = Api::<SelfSubjectReview>::all(self.client.clone());
        let review = api
            .create(&PostParams::default(), &SelfSubjectReview::default())
            .await
            .map_err(|e| self.problem(e, Tried::Read("your own user name (SelfSubjectReview)")))?;
        let name = review.status.and_then(|s| s.user_info).and_then(|u| u.username);
        name.ok_or_else(|| {
            Problem::Failed("the API server does not say who you are: your credentials have no user name".to_owned())
        })
    }

    /// Whether the user has a permission.
    pub async fn may(&self, right: &Right) -> Result<bool, Problem> {
        let attributes = ResourceAttributes {
            verb: Some(right.verb.to_owned()),
            group: Some(right.group.to_owned()),
            resource: Some(right.plural.to_owned()),
            namespace: right.own.then(|| self.own().to_owned()),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let api = Api::<SelfSubjectAccessReview>::all(self.client.clone());
        let answer = api.create(&PostParams::default(), &review).await;
        let answer = answer.map_err(|e| self.problem(e, Tried::Read("your permissions (SelfSubjectAccessReview)")))?;
        Ok(answer.status.is_some_and(|s| s.allowed))
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

    /// The leader, by the Lease.
    pub async fn operator(&self) -> Read<Option<Operator>> {
        let found = Api::<Lease>::namespaced(self.client.clone(), self.own()).get_opt(LEASE).await;
        let found = found.map_err(|e| self.unread(e, &format!("Lease {}/{LEASE}", self.own())))?;
        Ok(found.and_then(Operator::holding))
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
