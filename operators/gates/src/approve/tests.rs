#![allow(clippy::unwrap_used, clippy::expect_used)]

use trimtab_api::money::Amount;

use super::*;

fn rule(confidence: i32, risk: RiskLevel, savings: Option<&str>) -> AutoApprove {
    AutoApprove {
        min_confidence_percent: confidence,
        max_risk_level: risk,
        min_monthly_savings: savings.map(|s| Amount(s.to_owned())),
    }
}

fn figures(confidence: i32, risk: RiskLevel, monthly: &str) -> Figures<'_> {
    Figures { confidence_percent: Some(confidence), risk: Some(risk), monthly: Some(monthly), currency: "USD" }
}

#[test]
fn the_policy_approves_within_its_figures_only() {
    use RiskLevel::{Critical, High, Low, Medium};
    let apply = Ok((Mode::Apply, false));
    for (rule, figures, expected) in [
        (rule(90, Low, None), figures(90, Low, "0"), Ok("confidence 90 % ≥ 90 %, risk Low ≤ Low")),
        (rule(90, Low, None), figures(89, Low, "0"), Err("confidence is 89 %, below minConfidencePercent 90")),
        (rule(90, Low, None), figures(99, Medium, "0"), Err("risk is Medium, above maxRiskLevel Low")),
        (rule(90, High, None), figures(99, High, "-3"), Ok("confidence 99 % ≥ 90 %, risk High ≤ High")),
        (rule(90, High, None), figures(99, Critical, "0"), Err("Critical risk needs a person's approval")),
        // Even if the schema accepted it.
        (rule(90, Critical, None), figures(99, Critical, "0"), Err("Critical risk needs a person's approval")),
        (rule(90, Low, Some("5")), figures(90, Low, "5.00"), Ok("savings 5.00 USD ≥ 5 USD a month")),
        (rule(90, Low, Some("5")), figures(90, Low, "4.999999999"), Err("saves 4.999999999 USD a month, below")),
        (rule(90, Low, Some("5")), figures(90, Low, "-12"), Err("saves -12 USD")),
        (rule(90, Low, Some("5")), figures(90, Low, "many"), Err("savings are not known")),
        (rule(90, Low, Some("five")), figures(90, Low, "5"), Err("is not an amount")),
    ] {
        let answer = auto_approve("services", &rule, figures, &apply);
        match (&answer, expected) {
            (Ok(text), Ok(part)) | (Err(text), Err(part)) => assert!(text.contains(part), "{text}"),
            _ => assert_eq!(answer.is_ok(), expected.is_ok(), "{answer:?}"),
        }
    }
    for missing in [
        Figures { confidence_percent: None, ..figures(90, Low, "5") },
        Figures { risk: None, ..figures(90, Low, "5") },
        Figures { monthly: None, ..figures(90, Low, "5") },
    ] {
        assert!(auto_approve("services", &rule(90, Low, Some("5")), missing, &apply).is_err(), "{missing:?}");
    }
}

#[test]
fn the_policy_approves_nothing_where_the_workload_is_stricter() {
    let good = (rule(50, RiskLevel::High, None), figures(100, RiskLevel::Low, "100"));
    for mode in [
        Ok((Mode::Recommend, false)),
        Ok((Mode::Off, true)),
        Err(UnreadableMode { on_namespace: true, value: "on".to_owned() }),
    ] {
        let why = auto_approve("services", &good.0, good.1, &mode).unwrap_err();
        assert!(why.contains("trimtab.dev/mode is"), "{why}");
    }
}
