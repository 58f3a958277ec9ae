//! One schema of an installed CRD beside the one of this release, keyword by keyword.
//!
//! In: the path of a field and its two schemas. Out: what the installed one refuses of this release, and what it accepts
//! beyond it, in words. What is below the schemas is compared elsewhere. Pure. The API server stores a schema as it was
//! applied, but for keywords that say nothing: a keyword counts by what it refuses, so `nullable: false` is none.

use serde_json::Value;
use trimtab_core::text::cut;

/// The most characters of a rule that are quoted.
const QUOTED: usize = 80;
/// The rules of a schema.
pub const RULES: &str = "x-kubernetes-validations";
/// Bounds that a greater value makes wider. Without one, there is no bound.
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
/// Bounds that a smaller value makes wider, with what holds without one.
const LOWER: [(&str, f64); 4] =
    [("minimum", f64::NEG_INFINITY), ("minLength", 0.0), ("minItems", 0.0), ("minProperties", 0.0)];
/// Other keywords that refuse something: whether one value of them refuses more than another is not known.
const CLOSED: [&str; 11] = [
    "pattern",
    "format",
    "multipleOf",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
];
/// The type of a number or text.
const EITHER: &str = "integer or string";

/// In what an installed CRD differs.
#[derive(Default)]
pub struct Differences {
    /// What the API server drops, or refuses whatever its value.
    pub lacks: Vec<String>,
    /// What the API server refuses, or not, by its value.
    pub narrower: Vec<String>,
    /// What it has to refuse and accepts.
    pub accepts: Vec<String>,
}

/// The path of a field; that of the object is empty.
pub fn field(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The field at a path in a message.
fn named(path: &str) -> &str {
    if path.is_empty() { "the object" } else { path }
}

impl Differences {
    /// Its type. Returns whether the rest can be compared.
    pub fn types(&mut self, path: &str, wanted: &Value, installed: &Value) -> bool {
        let of = named(path);
        match (type_of(wanted), type_of(installed)) {
            (Some(wants), Some(has)) if !holds(has, wants) => {
                self.lacks.push(format!("{of} as {wants} instead of {has}"));
                return false;
            }
            (Some(wants), has) if has.is_none_or(|has| !holds(wants, has)) => {
                self.accepts.push(format!("type {wants} of {of}"));
            }
            (None, Some(has)) => self.lacks.push(format!("{of} as anything instead of {has}")),
            _ => {}
        }
        match (wanted["nullable"] == true, installed["nullable"] == true) {
            (true, false) => self.lacks.push(format!("null as {of}")),
            (false, true) => self.accepts.push(format!("the refusal of null as {of}")),
            _ => {}
        }
        true
    }

    /// All keywords but its type and what is below it.
    pub fn keywords(&mut self, path: &str, wanted: &Value, installed: &Value) {
        let of = named(path);
        self.values(of, wanted, installed);
        self.bounds(of, wanted, installed);
        self.closed(of, wanted, installed);
        self.rules(of, wanted, installed);
        self.required(path, wanted, installed);
    }

    fn values(&mut self, of: &str, wanted: &Value, installed: &Value) {
        match (wanted["enum"].as_array(), installed["enum"].as_array()) {
            (Some(wants), Some(has)) => {
                let unknown = wants.iter().filter(|value| !has.contains(value));
                let said = unknown.map(|value| format!("the value {} of {of}", value.as_str().unwrap_or_default()));
                self.lacks.extend(said);
                if has.iter().any(|value| !wants.contains(value)) {
                    self.accepts.push(format!("enum of {of}"));
                }
            }
            (Some(_), None) => self.accepts.push(format!("enum of {of}")),
            (None, Some(_)) => self.narrower.push(format!("{of} without enum")),
            (None, None) => {}
        }
    }

    fn bounds(&mut self, of: &str, wanted: &Value, installed: &Value) {
        let upper = UPPER.map(|keyword| (keyword, f64::INFINITY, true));
        let lower = LOWER.map(|(keyword, without)| (keyword, without, false));
        for (keyword, without, is_upper) in upper.into_iter().chain(lower) {
            let bound = |schema: &Value| schema[keyword].as_f64().unwrap_or(without);
            let (wants, has) = (bound(wanted), bound(installed));
            let (narrower, wider) = if is_upper { (has < wants, has > wants) } else { (has > wants, has < wants) };
            if narrower {
                self.narrower.push(match &wanted[keyword] {
                    Value::Null => format!("{of} without {keyword} {}", installed[keyword]),
                    wants => format!("{of} with {keyword} {wants} instead of {}", installed[keyword]),
                });
            }
            if wider {
                self.accepts.push(format!("{keyword} of {of}"));
            }
        }
    }

    fn closed(&mut self, of: &str, wanted: &Value, installed: &Value) {
        for keyword in CLOSED {
            match (decisive(wanted, keyword), decisive(installed, keyword)) {
                (wants, has) if wants == has => {}
                (None, _) => self.narrower.push(format!("{of} without {keyword}")),
                (Some(_), None) => self.accepts.push(format!("{keyword} of {of}")),
                // Either may accept what the other refuses.
                (Some(_), Some(_)) => {
                    self.narrower.push(format!("{of} with the {keyword} of this release"));
                    self.accepts.push(format!("{keyword} of {of}"));
                }
            }
        }
    }

    fn rules(&mut self, of: &str, wanted: &Value, installed: &Value) {
        let (wants, has) = (rules(wanted), rules(installed));
        let said = |rule: &Value| cut(rule["message"].as_str().or(rule["rule"].as_str()).unwrap_or_default(), QUOTED);
        let further = has.iter().filter(|rule| wants.iter().all(|other| !is_same(rule, other)));
        self.narrower.extend(further.map(|rule| format!("{of} without the rule \"{}\"", said(rule))));
        let gone = wants.iter().filter(|rule| has.iter().all(|other| !is_same(rule, other)));
        self.accepts.extend(gone.map(|rule| format!("the rule \"{}\" of {of}", said(rule))));
    }

    /// A field with a default is there in any case: the API server fills it in.
    fn required(&mut self, path: &str, wanted: &Value, installed: &Value) {
        let has = |schema: &Value, name: &str| schema["properties"].get(name).is_some();
        let is_filled_in = |schema: &Value, name: &str| schema["properties"][name].get("default").is_some();
        let names = |schema: &Value, name: &str| required(schema).any(|other| other == name);
        for name in required(installed).filter(|name| !is_filled_in(installed, name)) {
            // Of a field that is missing, it is told that it is.
            let is_missing = has(wanted, name) && !has(installed, name);
            if !is_missing && (!names(wanted, name) || is_filled_in(wanted, name)) {
                self.lacks.push(format!("{} as an optional field", field(path, name)));
            }
        }
        for name in required(wanted).filter(|name| !is_filled_in(installed, name)) {
            if !names(installed, name) {
                self.accepts.push(format!("{} as a required field", field(path, name)));
            }
        }
    }
}

/// The rules of a schema.
fn rules(schema: &Value) -> &[Value] {
    schema[RULES].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether two rules refuse the same; their messages may differ.
fn is_same(one: &Value, other: &Value) -> bool {
    one["rule"] == other["rule"] && one["optionalOldSelf"] == other["optionalOldSelf"]
}

/// The value of a keyword, where it refuses something.
fn decisive<'a>(schema: &'a Value, keyword: &str) -> Option<&'a Value> {
    let value = schema.get(keyword)?;
    let is_idle = match keyword {
        // All integers have 64 bits, and all numbers are doubles.
        "format" => value == "int64" || value == "double",
        "x-kubernetes-list-type" => value != "set" && value != "map",
        // Then it is the type.
        "anyOf" => is_either(schema),
        _ => value == false,
    };
    (!is_idle && !value.is_null()).then_some(value)
}

/// The fields that must be set.
fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Whether the alternatives of a schema are a number and a text.
fn is_either(schema: &Value) -> bool {
    let all = schema["anyOf"].as_array().map(Vec::as_slice);
    matches!(all, Some([one, other]) if one["type"] == "integer" && other["type"] == "string")
}

/// The type of a schema; `None` if it has none, and then its other keywords decide.
fn type_of(schema: &Value) -> Option<&str> {
    match schema["type"].as_str() {
        _ if schema["x-kubernetes-int-or-string"] == true => Some(EITHER),
        None if is_either(schema) => Some(EITHER),
        name => name,
    }
}

/// Whether a field of type `has` takes every value of type `wants`.
fn holds(has: &str, wants: &str) -> bool {
    has == wants || matches!((has, wants), (EITHER, "integer" | "string") | ("number", "integer"))
}
