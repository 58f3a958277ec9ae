//! One field that a step changes: what is to be sent forward and back, given what the object shows now.
//!
//! In: the field as the status keeps it, the live object, and what is remembered of requests. Out: what to do about it.
//! These rules hold whatever the action is:
//!
//! - A field counts as changed by this action only if it has the new value and this action is its only owner. The same
//!   value set by somebody else is theirs, and is not undone.
//! - A change is sent only while the field is as it was when it was announced. If it went back to that by somebody else's hand,
//!   it is not sent again.
//! - Who removes a field leaves no mark. So where nobody owns the field, the change is sent only to the version that was
//!   announced with it, or when it is certain that no earlier attempt took effect.

use serde_json::Value;
use trimtab_api::remediation::outcome::FormerField;

use crate::{
    effect::{Effect, Patch},
    object::Object,
    observed::{Field, Observed},
    writer::Writer,
};

/// A field before a step begins, and what the step sets it to.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The object.
    pub object: Object,
    /// The subresource through which it is written; empty for the object itself.
    pub subresource: String,
    /// The field as a JSON pointer.
    pub path: String,
    /// The value before; `None` if it was not set.
    pub former: Option<Value>,
    /// The new value; `None` if it is removed.
    pub written: Option<Value>,
    /// Who had set it before.
    pub set_by: Option<String>,
    /// The resourceVersion of the object.
    pub version: String,
}

impl FieldChange {
    /// The change of `path` of `observed` to `written`; `None` if it has that value already, or no such field is known.
    pub fn to(observed: &Observed, path: &str, written: Option<Value>) -> Option<Self> {
        let field = observed.field(path).filter(|field| field.value != written)?;
        Some(Self {
            object: observed.object.clone(),
            subresource: field.subresource.clone(),
            path: path.to_owned(),
            former: field.value.clone(),
            written,
            set_by: field.writer.kept(),
            version: observed.version.clone(),
        })
    }

    /// The field as the status keeps it.
    pub fn kept(&self) -> FormerField {
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        FormerField {
            object: self.object.title(),
            uid: Some(self.object.uid.clone()),
            path: self.path.clone(),
            former: text(&self.former),
            written: text(&self.written),
            set_by: self.set_by.clone(),
            version: Some(self.version.clone()),
            secret_name: None,
        }
    }
}

/// A field as the status keeps it, read again.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<'a> {
    /// The name of the step.
    pub step: &'a str,
    /// The field as it is stored.
    pub stored: &'a FormerField,
    /// The uid of the object.
    pub uid: &'a str,
    /// The value before.
    pub former: Option<Value>,
    /// The new value.
    pub written: Option<Value>,
}

impl<'a> Kept<'a> {
    /// Reads `stored`, which belongs to `step`.
    ///
    /// # Errors
    /// If a value is no JSON, or there is no uid.
    pub fn read(step: &'a str, stored: &'a FormerField) -> Result<Self, String> {
        let value = |text: &Option<String>| text.as_deref().map(serde_json::from_str::<Value>).transpose();
        let wrong = |what: &str| format!("status.steps: {what} of {} {} of step {step}", stored.object, stored.path);
        Ok(Self {
            step,
            stored,
            uid: stored.uid.as_deref().ok_or_else(|| wrong("there is no uid"))?,
            former: value(&stored.former).map_err(|e| wrong(&format!("the former value is not readable ({e})")))?,
            written: value(&stored.written).map_err(|e| wrong(&format!("the new value is not readable ({e})")))?,
        })
    }

    /// The patch that sets it in `observed`, to the former value if it `is_undo`.
    pub fn patch(&self, observed: &Observed, live: &Field, is_undo: bool) -> Effect {
        Effect::Patch(Box::new(Patch {
            step: self.step.to_owned(),
            object: observed.object.clone(),
            subresource: live.subresource.clone(),
            version: observed.version.clone(),
            path: self.stored.path.clone(),
            from: live.value.clone(),
            to: if is_undo { self.former.clone() } else { self.written.clone() },
            is_undo,
        }))
    }
}

/// What is known of the attempts to send a change, while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tried {
    /// The server did it.
    Accepted,
    /// It was tried, and never took effect.
    Refuted,
    /// Nobody knows whether it took effect.
    InDoubt,
}

/// What to do about a field on the way forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// It has the new value, by this action.
    Applied,
    /// Send the change.
    Send,
    /// Announce it with the present version first.
    Announce,
    /// Somebody else has set it to the same value: it is theirs.
    Theirs,
    /// Somebody else has changed it, or set it back.
    Changed,
    /// Whether an earlier attempt took effect cannot be known any more.
    InDoubt,
}

/// What to do about `kept` on the way forward.
pub fn ahead(kept: &Kept<'_>, observed: &Observed, live: &Field, tried: Option<Tried>) -> Ahead {
    if live.value == kept.written {
        return if live.writer == Writer::ThisAction { Ahead::Applied } else { Ahead::Theirs };
    }
    if live.value != kept.former || tried == Some(Tried::Accepted) || live.writer.kept() != kept.stored.set_by {
        return Ahead::Changed;
    }
    let is_announced = kept.stored.version.as_deref() == Some(observed.version.as_str());
    match tried {
        _ if live.writer != Writer::Nobody || is_announced => Ahead::Send,
        Some(Tried::Refuted) => Ahead::Announce,
        _ => Ahead::InDoubt,
    }
}

/// What to do about a field on the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// It has its former value.
    Restored,
    /// It is as this action left it: send the former value.
    Send,
    /// Somebody else has changed it since, or set the same value: who and what.
    Refused(String),
}

/// What to do about `live`, whose value before everything was `former`, and which this action has set to one of `ours`.
pub fn back(former: &Option<Value>, ours: &[&Option<Value>], live: &Field) -> Back {
    if live.value == *former {
        return Back::Restored;
    }
    let is_ours = ours.contains(&&live.value);
    if is_ours && live.writer == Writer::ThisAction {
        return Back::Send;
    }
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
    let left =
        ours.last().copied().map_or_else(String::new, |left| format!(", this action had set it to {}", value(left)));
    Back::Refused(match &live.writer {
        Writer::Nobody if live.value.is_none() => format!("somebody has removed it{left}"),
        writer if is_ours => format!("{writer} has set it to {} as well", value(&live.value)),
        writer => format!("{writer} has set it to {}{left}", value(&live.value)),
    })
}

/// What somebody else did to `kept`, which this action means to have, or has, set.
pub fn said(kept: &Kept<'_>, live: &Field) -> String {
    let what = match back(&kept.former, &[&kept.written], live) {
        Back::Refused(what) => what,
        Back::Restored | Back::Send => format!("{} has set it back to what it was", live.writer),
    };
    format!("{} {}: {what}", kept.stored.object, kept.stored.path)
}

#[cfg(test)]
#[path = "field_tests.rs"]
mod tests;
