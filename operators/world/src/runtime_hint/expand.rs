//! References to variables in arguments, commands and variables, expanded as the kubelet and shells do.
//!
//! In: a text, and the variables whose values are in the template. Out: the text with the known ones substituted.
//! `$(NAME)` is the kubelet's; `$NAME`, `${NAME}` and those with a default (`:-`, `-`, `:=`, `=`) are a shell's.

use std::borrow::Cow;

/// Variables that refer to themselves many times over stop growing at this length; a longer result is left as it is.
const LONGEST: usize = 64 << 10;

/// A reference at the beginning of a text.
struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
    length: usize,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The name and the default between braces.
fn with_default(inner: &str) -> (&str, Option<&str>) {
    let end = inner.bytes().position(|b| !is_name(b)).unwrap_or(inner.len());
    let (name, rest) = inner.split_at_checked(end).unwrap_or((inner, ""));
    let default = [":-", ":=", "-", "="].into_iter().find_map(|operator| rest.strip_prefix(operator));
    if rest.is_empty() || default.is_some() { (name, default) } else { (inner, None) }
}

/// The reference at the start of `text`, which begins with `$`.
fn reference(text: &str) -> Option<Reference<'_>> {
    let rest = text.get(1..)?;
    for (open, close) in [('(', ')'), ('{', '}')] {
        if let Some(inner) = rest.strip_prefix(open) {
            let end = inner.find(close)?;
            let inner = inner.get(..end)?;
            let (name, default) = if open == '{' { with_default(inner) } else { (inner, None) };
            return Some(Reference { name, default, length: end + 3 });
        }
    }
    let end = rest.bytes().position(|b| !is_name(b)).unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    Some(Reference { name, default: None, length: end + 1 })
}

/// `text` with the references to `variables` expanded; the last variable of a name counts.
pub(super) fn expand<'a>(text: &'a str, variables: &[(&str, Cow<'_, str>)]) -> Cow<'a, str> {
    if !text.contains('$') {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let found = reference(from).and_then(|r| {
            let value = variables.iter().rev().find(|(name, _)| *name == r.name).map(|(_, value)| &**value);
            Some((value.or(r.default)?, r.length))
        });
        let (value, length) = found.unwrap_or(("$", 1));
        if out.len() + value.len() > LONGEST {
            return Cow::Borrowed(text);
        }
        out.push_str(value);
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_variables_are_put_in_and_others_stay() {
        let variables = [("HEAP", Cow::Borrowed("1g")), ("HEAP", "2g".into()), ("OPTS", "-Xmx2g -Xms1g".into())];
        for (text, expected) in [
            ("-Xmx$(HEAP)", "-Xmx2g"),
            ("java -Xmx${HEAP} -jar x", "java -Xmx2g -jar x"),
            ("java $OPTS", "java -Xmx2g -Xms1g"),
            ("-Xmx${MAX:-3g}", "-Xmx3g"),
            ("-Xmx${HEAP:-3g}", "-Xmx2g"),
            ("-Xmx${MAX-3g} -Xms${MIN:=2g} -Xss${STACK=1m}", "-Xmx3g -Xms2g -Xss1m"),
            ("${HEAP:+on} ${HEAP%g}", "${HEAP:+on} ${HEAP%g}"),
            ("-Xmx$(ABSENT)", "-Xmx$(ABSENT)"),
            ("$(HEAP", "$(HEAP"),
            ("a$", "a$"),
            ("é$é$(HEAP)", "é$é2g"),
            ("plain", "plain"),
        ] {
            assert_eq!(expand(text, &variables), expected, "{text:?}");
        }
    }

    #[test]
    fn what_grows_without_end_does_not() {
        let mut variables: Vec<(&str, Cow<'_, str>)> = vec![("A", "0123456789".into())];
        for _ in 0..64 {
            let next = expand("$(A)$(A)", &variables).into_owned();
            variables.push(("A", next.into()));
        }
        assert!(variables.iter().all(|(_, value)| value.len() <= LONGEST));
    }
}
