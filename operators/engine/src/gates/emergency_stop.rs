//! The emergency stop: one switch for the whole cluster.

use trimtab_core::text::cut;

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, EmergencyStop, General},
};

/// How much of each entry of the ConfigMap is shown.
const MAX_SHOWN: usize = 200;

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
        name: "EmergencyStop",
        reasons: &[
            Reason {
                word: "Halted",
                when: "the ConfigMap `trimtab-halt` exists in Trimtab's namespace",
                opens: "`kubectl trimtab resume`, or deleting the ConfigMap",
            },
            Reason {
                word: "EmergencyStopUnknown",
                when: "whether that ConfigMap exists cannot be read",
                opens: "giving Trimtab the permission to read it; an API server that responds",
            },
        ],
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    match common.emergency_stop {
        EmergencyStop::Off => None,
        EmergencyStop::On { by, reason, since } => {
            let part = |word: &str, text: Option<&str>| {
                text.map_or_else(String::new, |t| format!("{word}{}", cut(t, MAX_SHOWN)))
            };
            let message = format!(
                "everything is halted{}{}{}: nothing is changed until ConfigMap trimtab-halt is deleted \
                 (kubectl trimtab resume)",
                part(" by ", by),
                part(" since ", since),
                part(", because: ", reason)
            );
            blocked("Halted", message)
        }
        EmergencyStop::Unknown(why) => blocked(
            "EmergencyStopUnknown",
            format!("cannot read whether everything is halted (ConfigMap trimtab-halt): {}", cut(why, MAX_SHOWN)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_while_the_switch_is_on_or_unknown() {
        let mut scene = Scene::new();
        assert_eq!(asked(&gate(), &scene), None);
        scene.emergency_stop = EmergencyStop::On { by: Some("anna"), reason: Some("night of the sale"), since: None };
        let (reason, message) = asked(&gate(), &scene).unwrap_or_default();
        assert_eq!(reason, "Halted");
        assert!(message.starts_with("everything is halted by anna, because: night of the sale: "), "{message}");
        assert!(message.contains("until ConfigMap trimtab-halt is deleted (kubectl trimtab resume)"), "{message}");
        scene.emergency_stop = EmergencyStop::On { by: None, reason: None, since: Some("2026-11-21T10:00:00Z") };
        assert!(asked(&gate(), &scene).is_some_and(|(_, m)| m.contains("halted since 2026-11-21T10:00:00Z: ")));
        scene.emergency_stop = EmergencyStop::Unknown("configmaps is forbidden");
        let (reason, message) = asked(&gate(), &scene).unwrap_or_default();
        assert_eq!(reason, "EmergencyStopUnknown");
        assert!(message.ends_with("configmaps is forbidden"), "{message}");
    }
}
