//! The schema of every kind is documented and bounded, and Kubernetes accepts it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use serde_json::Value;

/// Calls `visit` with the path and schema of every field below `schema`.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), field, visit);
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            walk(&format!("{path}[]"), &schema[key], visit);
        }
    }
}

/// Those of kinds that are not installed yet too.
fn crds() -> impl Iterator<Item = (String, Value)> {
    trimtab_api::crds::all().unwrap().into_iter().chain(trimtab_api::crds::upcoming().unwrap())
}

fn each_field(mut visit: impl FnMut(&str, &Value)) {
    for (plural, crd) in crds() {
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            if crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].get(part).is_none() {
                continue;
            }
            walk(&format!("{plural}.{part}"), &schema[part], &mut visit);
        }
    }
}

#[test]
fn every_field_is_documented() {
    let mut bare = Vec::new();
    each_field(|path, schema| {
        if !path.ends_with("[]") && schema["description"].as_str().is_none_or(|d| d.trim().is_empty()) {
            bare.push(path.to_owned());
        }
    });
    assert!(bare.is_empty(), "no description: {bare:#?}");
}

#[test]
fn every_string_and_list_is_bounded() {
    let mut open = Vec::new();
    each_field(|path, schema| {
        let text = schema["type"] == "string" || schema["x-kubernetes-int-or-string"] == true;
        let fixed = schema.get("enum").is_some() || schema["format"] == "date-time";
        if (text && !fixed && schema.get("maxLength").is_none())
            || (schema["type"] == "array" && schema.get("maxItems").is_none())
            || (schema.get("additionalProperties").is_some() && schema.get("maxProperties").is_none())
        {
            open.push(path.to_owned());
        }
    });
    assert!(open.is_empty(), "no bound: {open:#?}");
}

#[test]
fn numbers_and_nulls_are_those_of_kubernetes() {
    each_field(|path, schema| {
        assert!(schema.get("nullable").is_none(), "{path} is nullable");
        if let Some(format) = schema["format"].as_str() {
            assert!(["int32", "int64", "date", "date-time"].contains(&format), "{path} has the format {format}");
        }
        assert_ne!(schema["type"], "number", "{path} is a float");
    });
}

#[test]
fn every_kind_has_what_people_expect() {
    for (plural, crd) in crds() {
        let version = &crd["spec"]["versions"][0];
        let columns: Vec<&str> = version["additionalPrinterColumns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap())
            .collect();
        assert_eq!(columns.last(), Some(&"Age"), "{plural}");
        // AppliedSizes is a parameter that Trimtab writes and the API server reads, so it needs no status.
        let stands_for_itself = plural == "appliedsizes";
        let says = columns.contains(&"Ready") && columns.contains(&"Status");
        assert_eq!(says, !stands_for_itself, "{plural}: {columns:?}");
        assert_eq!(version["subresources"]["status"].is_object(), !stands_for_itself, "{plural}");
        assert_eq!(crd["spec"]["names"]["categories"], serde_json::json!(["trimtab"]), "{plural}");
        assert!(!crd["spec"]["names"]["shortNames"].as_array().unwrap().is_empty(), "{plural}");
        let size = serde_json::to_string(&crd).unwrap().len();
        assert!(size < 200_000, "{plural} is {size} bytes: client-side apply would fail above 262,144");
    }
}
