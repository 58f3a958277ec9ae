//! YAML documents whose fields know their lines.
//!
//! In: the text of a file. Out: its documents as plain values, and the line of each field by its path. Pure.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use serde_saphyr::Spanned;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub struct Located {
    line: u64,
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Scalar(Value),
    List(Vec<Located>),
    Fields(Vec<Field>),
}

#[derive(Clone, Debug)]
struct Field {
    key: String,
    line: u64,
    value: Located,
}

impl Located {
    /// The plain value.
    pub fn value(&self) -> Value {
        match &self.node {
            Node::Scalar(value) => value.clone(),
            Node::List(items) => items.iter().map(Self::value).collect(),
            Node::Fields(fields) => fields.iter().map(|f| (f.key.clone(), f.value.value())).collect(),
        }
    }

    /// The objects of a document: the items of a list such as `kubectl get -o yaml` writes, else itself.
    pub fn objects(&self) -> Vec<&Self> {
        let is_list = matches!(self.field("kind"), Some(Self { node: Node::Scalar(Value::String(kind)), .. }) if kind.ends_with("List"));
        match self.field("items") {
            Some(Self { node: Node::List(items), .. }) if is_list => items.iter().collect(),
            _ => vec![self],
        }
    }

    /// The line of the field at a path such as `spec.nodes[2].name`, else of the nearest field above it. The first is 1.
    pub fn line_of(&self, path: &str) -> u64 {
        self.below(path, self.line)
    }

    fn field(&self, key: &str) -> Option<&Self> {
        match &self.node {
            Node::Fields(fields) => fields.iter().find(|f| f.key == key).map(|f| &f.value),
            Node::Scalar(_) | Node::List(_) => None,
        }
    }

    fn below(&self, path: &str, line: u64) -> u64 {
        match &self.node {
            Node::Scalar(_) => line,
            Node::List(items) => match first_index(path).and_then(|(at, rest)| Some((items.get(at)?, rest))) {
                Some((item, rest)) => item.below(rest, item.line),
                None => line,
            },
            Node::Fields(fields) => {
                // A key may contain dots, so that a shorter one may fit too.
                let fitting = fields.iter().filter_map(|f| Some((f, after(path, &f.key)?)));
                match fitting.max_by_key(|(f, _)| f.key.len()) {
                    Some((field, rest)) => field.value.below(rest, field.line),
                    None => line,
                }
            }
        }
    }
}

/// What follows the field `key` at the beginning of a path.
fn after<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(key)?;
    if rest.is_empty() || rest.starts_with('[') { Some(rest) } else { rest.strip_prefix('.') }
}

/// The index at the beginning of a path, and what follows it.
fn first_index(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Node>::deserialize(from)?;
        Ok(Self { line: spanned.referenced.line(), node: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = from.next_entry::<Spanned<String>, Located>()? {
            fields.push(Field { key: key.value, line: key.referenced.line(), value });
        }
        Ok(Node::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::yaml_file;

    const TEXT: &str = "\
# A comment.
kind: Thing
metadata:
  labels:
    app: web
    app.kubernetes.io/name: web
spec:
  nodes:
    - name: a
      sizes: {cpu: 1, memory: 2}
    -
      name: b
  empty: {}
---
kind: Other
text: |
  one
  two
last: 1
";

    #[test]
    fn fields_know_their_lines() {
        let documents: Vec<Located> = yaml_file::read(TEXT).unwrap();
        let [first, second] = documents.as_slice() else { panic!("{documents:?}") };
        for (path, line) in [
            ("", 2),
            ("kind", 2),
            ("metadata", 3),
            ("metadata.name", 3),
            ("metadata.labels.app", 5),
            ("metadata.labels.app.kubernetes.io/name", 6),
            ("metadata.labels.app.kubernetes.io/other", 5),
            ("spec.nodes", 8),
            ("spec.nodes[0]", 9),
            ("spec.nodes[0].name", 9),
            ("spec.nodes[0].sizes.memory", 10),
            ("spec.nodes[1].name", 12),
            ("spec.nodes[1].none", 12),
            ("spec.nodes[7].name", 8),
            ("spec.nodes[a].name", 8),
            ("spec.empty.none", 13),
            ("specs", 2),
            ("nothing", 2),
        ] {
            assert_eq!(first.line_of(path), line, "{path:?}");
        }
        assert_eq!((second.line_of("text"), second.line_of("last"), second.line_of("")), (16, 19, 15));
    }

    #[test]
    fn values_are_those_that_are_read_without_lines() {
        for text in [
            TEXT,
            "a: &x {b: [1, -2, 0.5, true, null, ~, Off, \"Off\", 0x10]}\nc: *x\n<<: {d: 1}\n",
            "[1, {a: b}]",
            "{\"a\": 18446744073709551615, \"1\": {}, 2: x}",
            "text",
        ] {
            let found: Vec<Located> = yaml_file::read(text).unwrap();
            let values: Vec<Value> = found.iter().map(Located::value).collect();
            assert_eq!(values, yaml_file::documents(text).unwrap(), "{text}");
        }
        let deep: Result<Vec<Located>, String> = yaml_file::read(&"{a: ".repeat(100_000));
        assert!(deep.unwrap_err().contains("it is refused"));
    }

    #[test]
    fn what_an_alias_repeats_is_where_it_is_used() {
        let documents: Vec<Located> = yaml_file::read("a: &x\n  b: 1\nc: *x\n").unwrap();
        assert_eq!((documents[0].line_of("a.b"), documents[0].line_of("c.b")), (2, 3));
    }

    #[test]
    fn the_items_of_a_list_are_objects() {
        let objects = |text: &str| -> Vec<Value> {
            let documents: Vec<Located> = yaml_file::read(text).unwrap();
            documents.iter().flat_map(Located::objects).map(Located::value).collect()
        };
        assert_eq!(objects("kind: List\nitems: [{a: 1}, {b: 2}]").len(), 2);
        assert_eq!(objects("kind: PriceBookList\nitems: [{a: 1}]").len(), 1);
        assert_eq!(objects("kind: ConfigMap\nitems: [{a: 1}, {b: 2}]").len(), 1);
        assert_eq!(objects("kind: List\nitems: x").len(), 1);
        assert_eq!(objects("[1, 2]").len(), 1);
    }
}
