//! Evaluates an admission policy as an API server does.
//!
//! In: the text of a policy, and a request. Out: the words of the refusal, or the object as the policy changes it. A rule that
//! cannot be evaluated refuses, as `failurePolicy: Fail` has it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kube::core::cel::{
    KubeCelExt,
    cel::{
        Context, ExecutionError, Program, Value,
        extractors::This,
        objects::{Key, Map},
        to_value,
    },
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::requests::Request;

/// The document of a manifest that has this kind and name.
fn document(text: &str, kind: &str, name: &str) -> Json {
    let mut all = serde_yaml::Deserializer::from_str(text).map(|document| Json::deserialize(document).unwrap());
    all.find(|object| object["kind"] == kind && object["metadata"]["name"] == name).unwrap()
}

/// The requests that a policy is asked about.
#[derive(Debug)]
struct Asked(Vec<(BTreeSet<String>, BTreeSet<String>)>);

impl Asked {
    fn read(policy: &Json) -> Self {
        let strings =
            |list: &Json| list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
        let rules = policy["spec"]["matchConstraints"]["resourceRules"].as_array().unwrap();
        Self(rules.iter().map(|rule| (strings(&rule["resources"]), strings(&rule["operations"]))).collect())
    }

    fn about(&self, request: &Request<'_>) -> bool {
        self.0.iter().any(|(resources, operations)| {
            resources.contains(request.resource) && operations.contains(request.operation)
        })
    }
}

fn program(text: &str) -> Program {
    // The interpreter has no types that are named, and a patch is a map like others.
    let text =
        text.replace("JSONPatch{op:", "{'op':").replace(", path:", ", 'path':").replace(", value:", ", 'value':");
    Program::compile(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn map(entries: &HashMap<Key, Value>) -> Value {
    Value::Map(Map { map: Arc::new(entries.clone()) })
}

/// The variables and functions of a request.
fn context(request: &Request<'_>) -> Context<'static> {
    let mut context = Context::default().with_all();
    let (resource, sub) = request.resource.split_once('/').map_or((request.resource, None), |(r, s)| (r, Some(s)));
    let mut shown = json!({"operation": request.operation, "userInfo": request.user.info(),
        "resource": {"group": "trimtab.dev", "version": "v1alpha1", "resource": resource}});
    if let Some(sub) = sub {
        shown["subResource"] = json!(sub);
    }
    for (name, value) in [("request", &shown), ("object", &request.object), ("oldObject", &request.old)] {
        context.add_variable_from_value(name, to_value(value).unwrap());
    }
    context.add_variable_from_value("authorizer", Value::String(Arc::new(String::new())));
    context.add_function("dyn", |value: Value| -> Result<Value, ExecutionError> { Ok(value) });
    // As long as the API server's.
    context.add_function("format", |This(_): This<Arc<String>>, values: Value| -> String { format!("{values:?}") });
    // A check is written out, such as `approve recommendations.trimtab.dev in shop`.
    context.add_function("group", |This(_): This<Arc<String>>, group: Arc<String>| -> String { group.to_string() });
    context.add_function("resource", |This(group): This<Arc<String>>, resource: Arc<String>| -> String {
        format!("{resource}.{group}")
    });
    context.add_function("namespace", |This(at): This<Arc<String>>, namespace: Arc<String>| -> String {
        format!("{at} in {namespace}")
    });
    context.add_function("name", |This(at): This<Arc<String>>, _: Arc<String>| -> String { at.to_string() });
    context
        .add_function("check", |This(at): This<Arc<String>>, verb: Arc<String>| -> String { format!("{verb} {at}") });
    let rights: BTreeSet<String> = request.user.rights.iter().map(|right| (*right).to_owned()).collect();
    context.add_function("allowed", move |This(asked): This<Arc<String>>| -> bool { rights.contains(asked.as_str()) });
    context
}

/// A rule of a policy.
#[derive(Debug)]
struct Rule {
    text: String,
    program: Program,
    message: String,
    message_program: Option<Program>,
}

/// A policy that refuses requests.
#[derive(Debug)]
pub struct Validating {
    asked: Asked,
    variables: Vec<(String, Program)>,
    rules: Vec<Rule>,
}

impl Validating {
    pub fn read(text: &str) -> Self {
        let policy = document(text, "ValidatingAdmissionPolicy", "trimtab-approval");
        let list = |key: &str| policy["spec"][key].as_array().unwrap().clone();
        let variable = |variable: Json| {
            (variable["name"].as_str().unwrap().to_owned(), program(variable["expression"].as_str().unwrap()))
        };
        let rule = |rule: Json| Rule {
            text: rule["expression"].as_str().unwrap().to_owned(),
            program: program(rule["expression"].as_str().unwrap()),
            message: rule["message"].as_str().unwrap().to_owned(),
            message_program: rule["messageExpression"].as_str().map(program),
        };
        Self {
            asked: Asked::read(&policy),
            variables: list("variables").into_iter().map(variable).collect(),
            rules: list("validations").into_iter().map(rule).collect(),
        }
    }

    /// What a refusal says; `None` where the request is let through.
    pub fn refusal(&self, request: &Request<'_>) -> Option<String> {
        if !self.asked.about(request) {
            return None;
        }
        let mut context = context(request);
        let mut variables = HashMap::new();
        context.add_variable_from_value("variables", map(&variables));
        for (name, program) in &self.variables {
            // One that cannot be evaluated matters where it is used.
            if let Ok(value) = program.execute(&context) {
                variables.insert(Key::String(Arc::new(name.clone())), value);
                context.add_variable_from_value("variables", map(&variables));
            }
        }
        self.rules.iter().find_map(|rule| match rule.program.execute(&context) {
            Ok(Value::Bool(true)) => None,
            Ok(Value::Bool(false)) => {
                let said = rule.message_program.as_ref().map(|program| program.execute(&context));
                Some(match said {
                    None => rule.message.clone(),
                    Some(Ok(Value::String(text))) => text.to_string(),
                    Some(other) => format!("error: {other:?} for the message of {}", rule.text),
                })
            }
            other => Some(format!("error: {other:?} of {}", rule.text)),
        })
    }
}

/// A policy that changes requests.
#[derive(Debug)]
pub struct Mutating {
    asked: Asked,
    conditions: Vec<Program>,
    patches: Vec<Program>,
}

impl Mutating {
    pub fn read(text: &str, name: &str) -> Self {
        let policy = document(text, "MutatingAdmissionPolicy", name);
        let list = |key: &str, at: &str| -> Vec<Program> {
            let all = policy["spec"][key].as_array().unwrap();
            all.iter().map(|one| program(one.pointer(at).unwrap().as_str().unwrap())).collect()
        };
        Self {
            asked: Asked::read(&policy),
            conditions: list("matchConditions", "/expression"),
            patches: list("mutations", "/jsonPatch/expression"),
        }
    }

    /// The request, as it goes on.
    pub fn mutated<'a>(&self, mut request: Request<'a>) -> Request<'a> {
        let holds = |program: &Program| program.execute(&context(&request)) == Ok(Value::Bool(true));
        if !self.asked.about(&request) || !self.conditions.iter().all(holds) {
            return request;
        }
        for patch in &self.patches {
            let found = plain(&patch.execute(&context(&request)).unwrap());
            found.as_array().unwrap().iter().for_each(|operation| apply(&mut request.object, operation));
        }
        request
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::String(text) => json!(text.as_str()),
        Value::Bool(is) => json!(is),
        Value::Null => Json::Null,
        Value::List(list) => list.iter().map(plain).collect(),
        Value::Map(map) => map.map.iter().map(|(key, value)| (key.to_string(), plain(value))).collect(),
        other => panic!("{other:?} is not expected in a patch"),
    }
}

/// An operation of a JSON patch.
fn apply(object: &mut Json, operation: &Json) {
    let (parent, field) = operation["path"].as_str().unwrap().rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match operation["op"].as_str().unwrap() {
        "add" => drop(parent.insert(field.to_owned(), operation["value"].clone())),
        "remove" => drop(parent.remove(field).unwrap()),
        other => panic!("{other} is not expected in a patch"),
    }
}
