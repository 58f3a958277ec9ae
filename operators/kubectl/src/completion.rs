//! Completion: shell scripts, and the answers to kubectl when the user presses Tab after `kubectl trimtab`.
//!
//! In: the words so far. Out: the possible next words. Pure; object names are looked up by the caller.

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::shells;

use crate::cli::{Cli, Shell};

/// The completion script of a shell.
pub fn script(shell: Shell) -> String {
    let mut command = Cli::command();
    let mut text = Vec::new();
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, "kubectl-trimtab", &mut text),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, "kubectl-trimtab", &mut text),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, "kubectl-trimtab", &mut text),
    }
    let text = String::from_utf8_lossy(&text);
    // For bash, the generator writes the dash of a program's name in one form when it records the verb and in another
    // when it looks it up, so that no verb's flags would be found.
    text.replace("kubectl__subcmd__trimtab", "kubectl__trimtab")
}

/// The possible last words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of these.
    Words(Vec<String>),
    /// The name of a Recommendation with this prefix, in the given namespace if any.
    Recommendation {
        /// The prefix.
        prefix: String,
        /// The given namespace.
        namespace: Option<String>,
    },
    /// A file or a directory, which the shell knows best.
    File,
}

/// The possible completions of the last of these words, which may be empty.
pub fn wanted(words: &[String]) -> Wanted {
    let mut root = Cli::command();
    root.build();
    let (last, before) = words.split_last().map_or(("", words), |(last, before)| (last.as_str(), before));
    let mut verb = None;
    let mut namespace = None;
    let mut value_of: Option<String> = None;
    for word in before {
        if value_of.take().is_some_and(|flag| flag == "namespace") {
            namespace = Some(word.clone());
        } else if let Some(rest) = word.strip_prefix('-') {
            if let Some((flag, value)) = rest.trim_start_matches('-').split_once('=') {
                if flag == "n" || flag == "namespace" {
                    namespace = Some(value.to_owned());
                }
            } else {
                value_of = flag(verb.unwrap_or(&root), word).filter(|f| f.takes_value).map(|f| f.id);
            }
        } else if verb.is_none() {
            verb = root.find_subcommand(word);
        }
    }
    let here = verb.unwrap_or(&root);
    let starting = |all: Vec<String>| Wanted::Words(all.into_iter().filter(|w| w.starts_with(last)).collect());
    if let Some(id) = value_of {
        let argument = here.get_arguments().find(|a| a.get_id().as_str() == id);
        if argument.is_some_and(is_path) {
            return Wanted::File;
        }
        let values = argument.map(Arg::get_possible_values).unwrap_or_default();
        return starting(values.iter().map(|v| v.get_name().to_owned()).collect());
    }
    if last.starts_with('-') {
        return starting(here.get_arguments().filter_map(|a| a.get_long().map(|l| format!("--{l}"))).collect());
    }
    match verb {
        None => starting(root.get_subcommands().map(|c| c.get_name().to_owned()).collect()),
        Some(verb)
            if verb
                .get_positionals()
                .any(|p| p.get_value_names().is_some_and(|n| n.iter().any(|n| n == "REC" || n == "WORKLOAD"))) =>
        {
            Wanted::Recommendation { prefix: last.to_owned(), namespace }
        }
        Some(verb) if verb.get_positionals().any(is_path) => Wanted::File,
        Some(verb) => {
            let values = verb.get_positionals().flat_map(|p| p.get_possible_values());
            starting(values.map(|v| v.get_name().to_owned()).collect())
        }
    }
}

fn is_path(argument: &Arg) -> bool {
    matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
}

struct Flag {
    id: String,
    takes_value: bool,
}

fn flag(command: &Command, word: &str) -> Option<Flag> {
    let argument = command.get_arguments().find(|a| {
        a.get_long().is_some_and(|l| word == format!("--{l}")) || a.get_short().is_some_and(|s| word == format!("-{s}"))
    })?;
    Some(Flag { id: argument.get_id().to_string(), takes_value: argument.get_action().takes_values() })
}

/// The answer as kubectl reads it: one word per line, and `:4`, which disables file completion.
pub fn answer(words: &[String]) -> String {
    words.iter().map(|word| format!("{word}\n")).chain([":4\n".to_owned()]).collect()
}

/// The answer where the shell is to offer files.
pub fn files() -> String {
    ":0\n".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Wanted {
        wanted(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_word_is_completed() {
        let words = |list: &[&str]| Wanted::Words(list.iter().map(ToString::to_string).collect());
        let rec = |prefix: &str, namespace: Option<&str>| Wanted::Recommendation {
            prefix: prefix.to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        for (line, expected) in [
            ("sta", words(&["status"])),
            ("re", words(&["recommendations", "reject", "resume"])),
            ("status --wa", words(&["--watch"])),
            ("recs -o ", words(&["table", "wide", "json", "yaml"])),
            ("recs -o j", words(&["json"])),
            ("completion z", words(&["zsh"])),
            ("explain deploy-", rec("deploy-", None)),
            ("why deploy/", rec("deploy/", None)),
            ("scan -o ", words(&["table", "csv", "json", "html"])),
            ("import v", words(&["vpa"])),
            ("lint pol", Wanted::File),
            ("export --format k", words(&["kustomize"])),
            ("export --output ./", Wanted::File),
            ("try -f ", Wanted::File),
            ("-n shop approve ", rec("", Some("shop"))),
            ("approve -n shop deploy-w", rec("deploy-w", Some("shop"))),
            ("approve --namespace=shop -y de", rec("de", Some("shop"))),
            ("status x", words(&[])),
            ("--context ", words(&[])),
        ] {
            assert_eq!(asked(line), expected, "{line:?}");
        }
        let Wanted::Words(all) = wanted(&[]) else { panic!("verbs") };
        assert!(all.len() >= 11 && all.contains(&"explain".to_owned()), "{all:?}");
    }

    #[test]
    fn kubectl_is_told_to_offer_no_files() {
        assert_eq!(answer(&["a".to_owned(), "b".to_owned()]), "a\nb\n:4\n");
        assert_eq!(answer(&[]), ":4\n");
    }

    #[test]
    fn every_shell_has_its_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let text = script(shell);
            assert!(text.contains("kubectl-trimtab") && text.contains("recommendations"), "{shell:?}");
        }
        // A verb's flags are looked up under the very name under which the verb is recorded.
        let bash = script(Shell::Bash);
        let name = "kubectl__trimtab__subcmd__status";
        assert!(bash.contains(&format!("cmd=\"{name}\"")) && bash.contains(&format!("{name})")), "{bash}");
    }
}
