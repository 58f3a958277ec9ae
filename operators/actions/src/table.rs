//! The table of the documentation: every action with all of its columns.
//!
//! In: nothing. Out: Markdown, with a heading and a table for each family.

use crate::{
    action::{Action, Param, Risk, Scope, Shape, Standing, Targets, Undo},
    registry,
    request::{Purpose, Receiver, Request},
};

const HEAD: &str = "| action | target | parameters | requests | undo | risk | before it starts | when it has ended |\n\
                    |---|---|---|---|---|---|---|---|\n";

/// A heading and a table for each family of actions, in the order of the registry.
#[must_use]
pub fn markdown() -> String {
    let (mut text, mut family) = (String::new(), None);
    for action in registry::all() {
        if family != Some(action.family) {
            let gap = if family.is_some() { "\n" } else { "" };
            text.push_str(&format!("{gap}## {}\n\n{HEAD}", action.family.title()));
            family = Some(action.family);
        }
        text.push_str(&row(action));
    }
    text
}

fn row(action: &Action) -> String {
    let cells = [
        about(action),
        target(action),
        list(action.params.iter().map(param)),
        list(action.requests.iter().map(request)),
        undo(action),
        risk(action.risk),
        action.preconditions.join(" "),
        action.outcome.to_owned(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The items on lines of their own, or a dash.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "–".to_owned() } else { items.join("<br>") }
}

fn about(action: &Action) -> String {
    let standing = match action.standing {
        Standing::On => String::new(),
        Standing::OnDespite(why) => format!(" {why}"),
        Standing::Off(why) => format!(" **Off by default**: {why}"),
    };
    let Action { name, summary, version, least_server, .. } = action;
    format!("**{name}** (version {version}, Kubernetes 1.{least_server}): {summary}{standing}")
}

fn target(action: &Action) -> String {
    let kinds: Vec<&str> = action.targets.kinds().iter().map(|kind| kind.kind).collect();
    let mut text = match action.targets {
        Targets::Kinds(_) => kinds.join(", "),
        Targets::Scalable(_) => format!("{}, and kinds with `/scale` that the installer names", kinds.join(", ")),
        Targets::Chosen => "kinds that the installer names".to_owned(),
    };
    if action.scope == Scope::Cluster {
        text.push_str("; only from Trimtab's namespace");
    }
    text
}

fn param(param: &Param) -> String {
    let shape = match param.shape {
        Shape::Integer => "integer".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Choice(words) => words.join(", "),
        Shape::Flag => "boolean".to_owned(),
        Shape::Quantity => "quantity".to_owned(),
        Shape::IntOrText => "integer or string".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::Texts => "list of strings".to_owned(),
        Shape::Map => "map".to_owned(),
        Shape::Object => "object".to_owned(),
        Shape::Objects => "list of objects".to_owned(),
    };
    let optional = if param.required { "" } else { ", optional" };
    format!("`{}`: {shape}{optional}", param.name)
}

fn request(request: &Request) -> String {
    let of = |subresource: &str| if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let to = match request.to {
        Receiver::Api { resources, subresource, .. } => {
            let each: Vec<String> = resources.iter().map(|name| format!("{name}{}", of(subresource))).collect();
            each.join(", ")
        }
        Receiver::Chosen { subresource, .. } => format!("the chosen resource{}", of(subresource)),
        Receiver::Other(path) => path.to_owned(),
    };
    let undo = if request.purpose == Purpose::Undo { "undo: " } else { "" };
    format!("{undo}{} {to}: {}", request.method(), request.what)
}

fn undo(action: &Action) -> String {
    let text = match action.undo {
        Undo::Exact(how) => format!("Exact: {how}"),
        Undo::Partial(how) => format!("Partial: {how}"),
        Undo::None { harmless: true } => "None, which is harmless.".to_owned(),
        Undo::None { harmless: false } => "None: needs `acceptIrreversible: true`.".to_owned(),
        Undo::Nothing => "Nothing to undo.".to_owned(),
    };
    match action.temporary_hours {
        Some(hours) => format!("{text} Temporary: `undo.after` is required, at most {hours} h."),
        None => text,
    }
}

fn risk(risk: Risk) -> String {
    let mut text = risk.floor.as_str().to_owned();
    for case in risk.cases {
        text.push_str(&format!("; {} {}", case.level.as_str(), case.when));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_row_with_all_cells() {
        let text = markdown();
        for action in registry::all() {
            let start = format!("| **{}** (", action.name);
            let rows: Vec<&str> = text.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(rows.len(), 1, "{}", action.name);
            assert_eq!(rows[0].replace("\\|", "").matches(" | ").count(), 7, "{}", rows[0]);
            assert!(!rows[0].contains("|  |"), "an empty cell: {}", rows[0]);
        }
        assert_eq!(text.lines().filter(|line| line.starts_with("## ")).count(), 10);
    }

    #[test]
    fn a_row_says_what_people_ask_first() {
        let text = markdown();
        for part in [
            "PATCH deployments/scale, statefulsets/scale, replicasets/scale: spec.replicas",
            "Low; Medium with fewer replicas than before; High with no replicas",
            "`toRevision`: integer, optional",
            "Temporary: `undo.after` is required, at most 4 h.",
            "**Off by default**: It writes a Secret.",
            "Node; only from Trimtab's namespace",
            "undo: DELETE volumesnapshots: the snapshot, by its uid",
            "None: needs `acceptIrreversible: true`.",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
