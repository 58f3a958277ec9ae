//! Users, objects and requests.

use serde_json::{Value, json};

/// Somebody who sends requests.
#[derive(Clone, Copy, Debug)]
pub struct User {
    pub name: &'static str,
    pub uid: Option<&'static str>,
    pub groups: &'static [&'static str],
    pub scopes: &'static [&'static str],
    /// Such as `approve recommendations.trimtab.dev in shop`.
    pub rights: &'static [&'static str],
}

const fn user(name: &'static str, rights: &'static [&'static str]) -> User {
    User { name, uid: None, groups: &["system:authenticated"], scopes: &[], rights }
}

/// May change what is in the namespace, and approve nothing.
pub const EVE: User = user("eve", &[]);
/// May approve recommendations in the namespace.
pub const ADA: User = user("ada", &["approve recommendations.trimtab.dev in shop"]);
/// May approve actions in the namespace.
pub const BOB: User = User {
    uid: Some("u-bob"),
    groups: &["ops", "system:authenticated"],
    scopes: &["openid"],
    ..user("bob", &["approve remediationactions.trimtab.dev in shop"])
};
/// May approve actions in another one.
pub const MALLORY: User = user("mallory", &["approve remediationactions.trimtab.dev in mail"]);
pub const TRIMTAB: User = user("system:serviceaccount:trimtab-system:trimtab", &[]);
pub const COLLECTOR: User = user("system:serviceaccount:kube-system:generic-garbage-collector", &[]);

impl User {
    /// Who they are, as the API server has authenticated them.
    pub fn info(&self) -> Value {
        let mut info = json!({"username": self.name, "groups": self.groups});
        if let Some(uid) = self.uid {
            info["uid"] = json!(uid);
        }
        if !self.scopes.is_empty() {
            info["extra"] = json!({"scopes": self.scopes});
        }
        info
    }
}

/// A request to the API server.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// With its subresource, if it has one.
    pub resource: &'a str,
    pub operation: &'a str,
    pub user: &'a User,
    pub object: Value,
    pub old: Value,
}

impl<'a> Request<'a> {
    pub fn create(resource: &'a str, user: &'a User, object: Value) -> Self {
        Self { resource, operation: "CREATE", user, object, old: Value::Null }
    }

    pub fn update(resource: &'a str, user: &'a User, old: Value, object: Value) -> Self {
        Self { resource, operation: "UPDATE", user, object, old }
    }

    pub fn delete(resource: &'a str, user: &'a User, old: Value) -> Self {
        Self { resource, operation: "DELETE", user, object: Value::Null, old }
    }
}

/// `object` with a merge patch.
pub fn with(object: &Value, change: &Value) -> Value {
    let (Value::Object(object), Value::Object(change)) = (object, change) else { return change.clone() };
    let mut object = object.clone();
    for (key, change) in change {
        match change {
            Value::Null => drop(object.remove(key)),
            change => {
                let merged = with(object.get(key).unwrap_or(&json!({})), change);
                object.insert(key.clone(), merged);
            }
        }
    }
    Value::Object(object)
}
