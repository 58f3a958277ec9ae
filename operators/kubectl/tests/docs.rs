//! Every `kubectl trimtab …` in the documentation and the help is accepted by the command line, and `lint` finds no fault in the
//! manifests of the documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../api/tests/support/commands.rs"]
mod commands;
#[path = "../../api/tests/support/pages.rs"]
mod pages;

use std::{fs, path::Path};

use clap::{CommandFactory, Parser, error::ErrorKind};
use serde_json::Value;
use trimtab_kubectl::Cli;

/// Why the command line rejects these words, which begin with `kubectl trimtab`. Help is no error.
fn refused(words: &[String]) -> Option<clap::Error> {
    let line = std::iter::once("kubectl-trimtab".to_owned()).chain(words.iter().skip(2).cloned());
    let error = Cli::try_parse_from(line).err()?;
    (error.kind() != ErrorKind::DisplayHelp).then_some(error)
}

#[test]
fn every_command_of_the_plugin_in_the_docs_can_be_meant() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in pages::pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &pages::ALL) {
        let text = fs::read_to_string(&path).unwrap();
        let shown = commands::fenced(&text).into_iter().map(|c| (c, true));
        let named = commands::inline(&text).into_iter().map(|c| (c, false));
        for (command, whole) in shown.chain(named).filter(|(c, _)| c.words.get(1).is_some_and(|w| w == "trimtab")) {
            // In a sentence, `kubectl trimtab …` names the plugin, and `kubectl trimtab undo` a verb.
            if !whole && command.words.get(2).is_none_or(|w| w == "…") {
                continue;
            }
            seen += 1;
            match refused(&command.words) {
                Some(error) if whole || error.kind() != ErrorKind::MissingRequiredArgument => {
                    wrong.push(format!("{}:{}: {}\n{error}", path.display(), command.line, command.words.join(" ")));
                }
                _ => {}
            }
        }
    }
    assert!(seen >= 50, "only {seen} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_of_the_help_can_be_meant() {
    let mut root = Cli::command();
    root.build();
    let all = std::iter::once(&root).chain(root.get_subcommands());
    let help: Vec<String> = all.filter_map(|c| c.get_after_help().map(ToString::to_string)).collect();
    let mut seen = 0;
    for line in help.iter().flat_map(|text| text.lines()).filter_map(|l| l.strip_prefix("  kubectl trimtab ")) {
        // Its description follows after a gap.
        let line = line.split_once("   ").map_or(line, |(command, _)| command);
        for command in commands::fenced(&format!("```\nkubectl trimtab {line}\n```")) {
            seen += 1;
            let error = refused(&command.words);
            assert!(error.is_none(), "{line}\n{}", error.unwrap());
        }
    }
    assert!(seen >= 40, "only {seen} examples were found");
}

/// A page in which nothing is left but its YAML, on the lines where it is, without blocks that are marked as excerpts.
fn yaml_of(page: &str) -> String {
    let (mut text, mut before, mut inside) = (String::new(), "", false);
    for line in page.lines() {
        match line {
            "```yaml" => inside = before != "<!-- excerpt -->",
            _ if line.starts_with("```") => inside = false,
            _ if inside => text.push_str(line),
            _ => {}
        }
        // Each block is a document of its own.
        text.push_str(if line == "```yaml" { "---\n" } else { "\n" });
        before = line;
    }
    text
}

#[test]
fn lint_finds_no_fault_in_the_manifests_of_the_docs() {
    let mut all = trimtab_kubectl::lint::Checked::default();
    for path in pages::pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &pages::ALL) {
        let yaml = yaml_of(&fs::read_to_string(&path).unwrap());
        all.add(trimtab_kubectl::lint::check(&path.display().to_string(), &yaml).unwrap());
    }
    let faults: Vec<String> = all.findings.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "mend them, or put <!-- excerpt --> before the block:\n{}", faults.join("\n"));
    assert!(all.manifests >= 7, "only {} manifests were found", all.manifests);
    let wrong = "```yaml\napiVersion: trimtab.dev/v1alpha1\nkind: PriceBook\nmetadata: {name: x}\nno: 1\n```\n";
    let found = trimtab_kubectl::lint::check("page.md", &yaml_of(wrong)).unwrap();
    assert!(found.findings.iter().any(|fault| fault.line == 5), "{found:?}");
}

/// The messages of the rules at or below `schema` that need the object as it was before.
fn about_changes(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            for rule in fields.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                if rule["rule"].as_str().unwrap().contains("oldSelf") {
                    found.push(rule["message"].as_str().unwrap().to_owned());
                }
            }
            fields.values().for_each(|inner| about_changes(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| about_changes(inner, found)),
        _ => {}
    }
}

/// `lint` evaluates every rule but these.
#[test]
fn the_rules_that_no_file_can_be_checked_by_are_documented() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kubectl.md")).unwrap();
    let page = page.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for (_, crd) in trimtab_api::crds::all().unwrap() {
        about_changes(&crd, &mut found);
    }
    assert!(found.len() >= 4, "{found:?}");
    for message in found {
        let what = message.split(':').next().unwrap();
        assert!(page.contains(&format!("that {what}")), "docs/kubectl.md does not say that {what} is not evaluated");
    }
}
