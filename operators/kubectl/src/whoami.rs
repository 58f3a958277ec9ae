//! Who the user is, and what they may, as the API server knows it.

use k8s_openapi::api::{
    authentication::v1::{SelfSubjectReview, UserInfo},
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
};
use kube::{Api, api::PostParams};
use trimtab_api::remediation::identity::Identity;

use crate::{cluster::Session, problem::Problem, refusal::Tried, uninstall::Right};

/// The user; `None` where they have no name.
fn identity(user: UserInfo) -> Option<Identity> {
    Some(Identity {
        username: user.username?,
        uid: user.uid.filter(|uid| !uid.is_empty()),
        groups: user.groups.unwrap_or_default(),
        extra: user.extra.unwrap_or_default(),
    })
}

impl Session {
    /// The user, with everything that their rights can depend on.
    pub async fn identity(&self) -> Result<Identity, Problem> {
        let api = Api::<SelfSubjectReview>::all(self.client.clone());
        let review = api
            .create(&PostParams::default(), &SelfSubjectReview::default())
            .await
            .map_err(|e| self.problem(e, Tried::Read("your own user name (SelfSubjectReview)")))?;
        review.status.and_then(|s| s.user_info).and_then(identity).ok_or_else(|| {
            Problem::Failed("the API server does not say who you are: your credentials have no user name".to_owned())
        })
    }

    /// The user's name.
    pub async fn user(&self) -> Result<String, Problem> {
        Ok(self.identity().await?.username)
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
}
