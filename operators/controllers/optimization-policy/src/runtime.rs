//! What a container's process was told about memory: by its template, and by people if the template does not say.
//!
//! In: the container, the annotations of its workload, the policy. Out: a hint for sizing. Pure.

use trimtab_api::{names::RUNTIME_MEMORY_ANNOTATION, policy_sizing::Sizing, quantity::Quantity};
use trimtab_sizing::RuntimeHint;
use trimtab_world::row::{Labels, Runtime, TemplateContainer};

use crate::{
    amount,
    bounds::{self, AnnotationError},
    policy_error::PolicyError,
};

/// A policy's values, by container name, in bytes.
///
/// # Errors
/// The first amount that does not parse, or that applies to no particular program.
pub fn said_by(sizing: &Sizing) -> Result<Vec<(String, i64)>, PolicyError> {
    let unreadable = |field: String, amount: &Quantity, expected| PolicyError::Unreadable {
        field,
        value: amount.0.clone(),
        expected,
    };
    if let Some(amount) = &sizing.memory.runtime_memory {
        let expected = "about one program: set it on that program's container, under sizing.containers";
        return Err(unreadable("sizing.memory.runtimeMemory".to_owned(), amount, expected));
    }
    let said = sizing.containers.iter().filter_map(|c| Some((&c.name, c.memory.as_ref()?.runtime_memory.as_ref()?)));
    said.map(|(name, amount)| {
        let field = || format!("sizing.containers[{name}].memory.runtimeMemory");
        let read = amount::sane_memory(&amount.0).filter(|bytes| *bytes > 0);
        let bytes = read.ok_or_else(|| unreadable(field(), amount, "an amount of memory such as 512Mi"))?;
        Ok((name.clone(), bytes))
    })
    .collect()
}

/// The hint for one container. People's values count if the template says nothing or only a share; an amount in the
/// template is a floor nevertheless, since the process was told it. The capacity of volumes in memory is added to it.
/// `said` holds a policy's values, by container name.
///
/// # Errors
/// If the annotation cannot be read.
pub fn hint(
    said: &[(String, i64)],
    annotations: &Labels,
    container: &TemplateContainer,
) -> Result<RuntimeHint, AnnotationError> {
    hint_for(said, annotations, &container.name, container.runtime, container.memory_volumes)
}

/// The same for a container of this name with this template value, if it has one, and so many bytes of volumes in
/// memory.
///
/// # Errors
/// If the annotation cannot be read.
pub fn hint_for(
    said: &[(String, i64)],
    annotations: &Labels,
    container: &str,
    runtime: Option<Runtime>,
    memory_volumes: u64,
) -> Result<RuntimeHint, AnnotationError> {
    let said = bounds::memory_wished(annotations, RUNTIME_MEMORY_ANNOTATION, container)?
        .or_else(|| said.iter().find(|(name, _)| **name == *container).map(|(_, bytes)| *bytes));
    let volumes = i64::try_from(memory_volumes).unwrap_or(i64::MAX);
    let fixed = |bytes: i64| RuntimeHint::FixedMemory { bytes: bytes.saturating_add(volumes) };
    Ok(match (runtime, said) {
        (Some(Runtime::Told { bytes, .. }), said) => {
            let told = i64::try_from(bytes).unwrap_or(i64::MAX);
            fixed(said.map_or(told, |said| said.max(told)))
        }
        (_, Some(bytes)) => fixed(bytes),
        // A size that is not lowered at all is not lowered below its volumes.
        (Some(Runtime::FromLimit { percent_hundredths, .. }), None) => {
            RuntimeHint::HeapFromLimit { percent: percent_hundredths.div_ceil(100) }
        }
        (None, None) if volumes > 0 => fixed(0),
        (None, None) => RuntimeHint::None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use trimtab_world::row::RuntimeName;

    use super::*;
    use crate::testkit::a_deployment;

    #[test]
    fn what_people_say_counts_where_the_template_is_silent() {
        let told = |gib: u64| Some(Runtime::Told { bytes: gib << 30, name: RuntimeName::Jvm });
        let share = Some(Runtime::FromLimit { percent_hundredths: 7550, name: RuntimeName::Jvm });
        let fixed = |gib: i64| RuntimeHint::FixedMemory { bytes: gib << 30 };
        let in_policy = r#"{"sizing": {"containers": [{"name": "app", "memory": {"runtimeMemory": "2Gi"}}]}}"#;
        for (runtime, annotation, policy, expected) in [
            (None, "", "{}", RuntimeHint::None),
            (share, "", "{}", RuntimeHint::HeapFromLimit { percent: 76 }),
            (told(1), "", "{}", fixed(1)),
            (None, "3Gi", "{}", fixed(3)),
            (share, "3Gi", "{}", fixed(3)),
            (told(1), "3Gi", "{}", fixed(3)),
            // It was told more than people know of.
            (told(4), "3Gi", "{}", fixed(4)),
            (None, "other=3Gi", "{}", RuntimeHint::None),
            (None, "other=3Gi, app=4Gi", "{}", fixed(4)),
            (None, "", in_policy, fixed(2)),
            (None, "3Gi", in_policy, fixed(3)),
        ] {
            let mut container = a_deployment().row.template.containers[0].clone();
            container.runtime = runtime;
            let pairs = [(RUNTIME_MEMORY_ANNOTATION, annotation)];
            let annotations: Labels = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let policy = a_deployment().under(serde_json::from_str(policy).unwrap()).policy;
            assert_eq!(
                hint(&policy.runtime_memory, &annotations, &container),
                Ok(expected),
                "{runtime:?} {annotation} {:?}",
                policy.runtime_memory
            );
        }
        for (runtime, annotation, expected) in [
            (None, "", fixed(1)),
            (told(2), "", fixed(3)),
            (None, "2Gi", fixed(3)),
            (told(1), "2Gi", fixed(3)),
            (share, "2Gi", fixed(3)),
            (share, "", RuntimeHint::HeapFromLimit { percent: 76 }),
        ] {
            let mut container = a_deployment().row.template.containers[0].clone();
            (container.runtime, container.memory_volumes) = (runtime, 1 << 30);
            let pairs = [(RUNTIME_MEMORY_ANNOTATION, annotation)];
            let annotations: Labels = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let found = hint(&a_deployment().policy.runtime_memory, &annotations, &container);
            assert_eq!(found, Ok(expected), "{runtime:?} {annotation} and a volume in memory");
        }
        let unreadable: Labels = [(RUNTIME_MEMORY_ANNOTATION, "2g")].into_iter().collect();
        let scene = a_deployment();
        let error =
            hint(&scene.policy.runtime_memory, &unreadable, &scene.row.template.containers[0]).unwrap_err().to_string();
        assert!(error.contains("trimtab.dev/runtime-memory") && error.contains("512Mi"), "{error}");
    }
}
