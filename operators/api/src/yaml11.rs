//! YAML that has the same meaning for every parser.
//!
//! In: YAML as the writer produces it, which is YAML 1.2: there `Off` and `y` are strings. Out: the same with quotes around
//! them, since kubectl, Helm and the API server read YAML 1.1, where they are booleans. Pure.

/// Quotes the keys and the values that YAML 1.1 reads as booleans. Text blocks, which no manifest of Trimtab has, are not told
/// from other lines.
pub fn quoted(yaml: &str) -> String {
    let mut out = String::with_capacity(yaml.len());
    for line in yaml.split_inclusive('\n') {
        let text = line.trim_end();
        let (indent, body) = text.split_at(text.len() - text.trim_start_matches([' ', '-']).len());
        let body = match body.split_once(':') {
            Some((key, rest)) if is_switch(key) => format!("'{key}':{rest}"),
            _ => body.to_owned(),
        };
        out.push_str(indent);
        match body.rsplit_once(": ") {
            Some((before, value)) if is_switch(value) => out.push_str(&format!("{before}: '{value}'")),
            None if is_switch(&body) => out.push_str(&format!("'{body}'")),
            _ => out.push_str(&body),
        }
        out.push_str(line.get(text.len()..).unwrap_or_default());
    }
    out
}

fn is_switch(word: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off"].contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn switches_are_quoted_and_nothing_else() {
        for (yaml, expected) in [
            ("enum:\n- Auto\n- Off\n", "enum:\n- Auto\n- 'Off'\n"),
            ("default: Off\n", "default: 'Off'\n"),
            ("containers:\n- name: on\n  y: 1\n", "containers:\n- name: 'on'\n  'y': 1\n"),
            ("no:\n  app: {}\n", "'no':\n  app: {}\n"),
            ("- - Yes\n", "- - 'Yes'\n"),
            ("on: off", "'on': 'off'"),
            ("a: on the way\nb: 'off'\nonly: 1\n", "a: on the way\nb: 'off'\nonly: 1\n"),
            ("---\na: -\n\n", "---\na: -\n\n"),
        ] {
            assert_eq!(quoted(yaml), expected, "{yaml:?}");
        }
    }
}
