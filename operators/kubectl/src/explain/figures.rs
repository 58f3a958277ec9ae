//! The parts of an explanation that are figures: the proposal, its evidence, usage, risk.

use trimtab_api::{
    Approvable, quantity::Quantity, recommendation::Recommendation, resources::ContainerResources,
    rollout::RolloutResult,
};
use trimtab_core::{
    quantity,
    text::{count, part},
};

use super::Beside;
use crate::{
    carried::rollout,
    chart::{Usage, block},
    listing,
    paint::{Paint, Tint},
    table::{Cell, table},
    words,
};

/// Whether what is proposed is what pods have.
pub fn is_in_force(rec: &Recommendation) -> bool {
    let applied = rollout(rec).filter(|r| r.result == Some(RolloutResult::Applied));
    applied.is_some_and(|r| rec.shown_digest() == Some(&r.proposal_digest))
}

/// Old and new values per container, and what they save.
pub fn proposed(rec: &Recommendation, present: &[ContainerResources], paint: Paint) -> String {
    let status = rec.status.as_ref();
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for new in &rec.spec.proposal.containers {
        let old = present.iter().find(|c| c.name == new.name);
        rows.extend(values(old, new));
    }
    // The status shows the template, which an applied change need not be in.
    let headings = match is_in_force(rec) {
        true => ["CONTAINER", "VALUE", "TEMPLATE", "IN FORCE"],
        false => ["CONTAINER", "VALUE", "NOW", "PROPOSED"],
    };
    let mut text = table(&headings, &rows, paint);
    if let Some(s) = status.and_then(|s| s.savings.as_ref()) {
        let as_of = s.as_of.as_deref().map(|d| format!(" of {d}")).unwrap_or_default();
        let estimated = if s.estimated { ", in part a stated estimate" } else { "" };
        let amount = words::amount(&s.monthly);
        let (verb, amount) = match amount.strip_prefix('-') {
            Some(more) => ("Costs", format!("{more} {} a month more", s.currency.0)),
            None => ("Saves", format!("{amount} {} a month", s.currency.0)),
        };
        let pods = count(usize::try_from(s.pods).unwrap_or(0), "pod");
        text.push_str(&format!("{verb} {amount} over {pods}; prices{as_of} from {}{estimated}.\n", s.price_source));
    }
    if let Some(digest) = rec.shown_digest() {
        text.push_str(&format!("Digest {digest}\n"));
    }
    text
}

fn values(old: Option<&ContainerResources>, new: &ContainerResources) -> Vec<Vec<Cell>> {
    type Pick = fn(&ContainerResources) -> &Option<Quantity>;
    let picks: [(&str, Pick); 4] = [
        ("CPU request", |c| &c.requests.cpu),
        ("CPU limit", |c| &c.limits.cpu),
        ("memory request", |c| &c.requests.memory),
        ("memory limit", |c| &c.limits.memory),
    ];
    let text = |q: &Option<Quantity>| q.as_ref().map(|q| q.0.clone());
    let mut rows = Vec::new();
    for (what, pick) in picks {
        let (before, after) = (old.map(pick).and_then(text), text(pick(new)));
        if before.is_none() && after.is_none() {
            continue;
        }
        let now = match (old, &before) {
            (None, _) => "not known".to_owned(),
            (_, before) => before.clone().unwrap_or_else(|| "unset".to_owned()),
        };
        let then = match &after {
            after if old.is_some() && *after == before => Cell::tinted("stays", Tint::Faint),
            Some(after) => Cell::tinted(after.clone(), Tint::Good),
            None => Cell::tinted("unset", Tint::Warn),
        };
        let name = if rows.is_empty() { new.name.clone() } else { String::new() };
        rows.push(vec![name.into(), what.into(), now.into(), then]);
    }
    rows
}

/// What was measured, per container.
pub fn evidence(rec: &Recommendation, paint: Paint) -> Option<String> {
    let status = rec.status.as_ref()?;
    let e = status.evidence.as_ref()?;
    let mut text = format!(
        "{}, {} to {}, decided by {}. The size would have held on {}{}.\n",
        e.source,
        words::date(e.from.0),
        words::date(e.to.0),
        e.algorithm,
        part(e.held_days, e.replayed_days, "replayed day"),
        status.confidence_percent.map(|c| format!(": confidence {c} % as a lower bound")).unwrap_or_default(),
    );
    let row = |c: &trimtab_api::evidence::ContainerEvidence| {
        let or_nothing = |figure: Option<String>| Cell::from(figure.unwrap_or_else(|| words::NOTHING.to_owned()));
        let amount = |quantity: &Option<Quantity>| quantity.as_ref().map(|q| q.0.clone());
        let percentile = c.cpu_percentile.map(|p| format!(" (p{p})")).unwrap_or_default();
        vec![
            c.name.as_str().into(),
            or_nothing(amount(&c.cpu_usage).map(|usage| usage + &percentile)),
            or_nothing(amount(&c.cpu_peak)),
            or_nothing(amount(&c.memory_peak)),
            or_nothing(c.throttled_percent.map(|p| format!("{p} %"))),
            Cell::tinted(c.oom_kills.to_string(), if c.oom_kills > 0 { Tint::Bad } else { Tint::Plain }),
            c.restarts.to_string().into(),
            format!("{}/{}", c.cpu_samples, c.memory_samples).into(),
            format!("{}/{}", c.cpu_reason, c.memory_reason).into(),
        ]
    };
    let headings =
        ["CONTAINER", "CPU", "CPU PEAK", "MEMORY PEAK", "THROTTLED", "OOM KILLS", "RESTARTS", "SAMPLES", "DECIDED BY"];
    text.push_str(&table(&headings, &e.containers.iter().map(row).collect::<Vec<_>>(), paint));
    Some(text)
}

/// A row of blocks for each container and resource, against the present request and the proposed one.
pub fn usage(rec: &Recommendation, beside: &Beside<'_>, paint: Paint) -> String {
    let known = match beside.usage {
        Ok(known) => known,
        Err(why) => return why.clone(),
    };
    let mut text = format!("{}; a column is the busiest pod.\n", known.source);
    for new in &rec.spec.proposal.containers {
        let Some(used) = known.containers.iter().find(|c| c.name == new.name) else {
            text.push_str(&format!("{}: no usage is known\n", new.name));
            continue;
        };
        let old = beside.present.iter().find(|c| c.name == new.name);
        let cpu = |c: &ContainerResources| c.requests.cpu.as_ref().and_then(|q| quantity::cpu_millis(&q.0).ok());
        let memory = |c: &ContainerResources| c.requests.memory.as_ref().and_then(|q| quantity::bytes(&q.0).ok());
        let (cpu, memory) = ((old.and_then(cpu), cpu(new)), (old.and_then(memory), memory(new)));
        text.push_str(&chart(&format!("{} CPU", new.name), &used.cpu, cpu, cpu_text, paint));
        text.push_str(&chart(&format!("{} memory", new.name), &used.memory, memory, memory_text, paint));
    }
    text
}

fn cpu_text(millis: u64) -> String {
    quantity::format_cpu(millis)
}

/// Whole mebibytes, rounded up, so that a peak does not have nine digits.
fn memory_text(bytes: u64) -> String {
    quantity::format_bytes(if bytes < 1 << 20 { bytes } else { bytes.div_ceil(1 << 20) << 20 })
}

fn chart(
    title: &str,
    usage: &Usage,
    (old, new): (Option<u64>, Option<u64>),
    text: fn(u64) -> String,
    paint: Paint,
) -> String {
    let Some(peak) = usage.peak() else { return format!("{title}: no usage is known\n") };
    let top = [old, new].into_iter().flatten().map(|v| v as f64).fold(peak, f64::max);
    let mut said = vec![format!("peak {}", text(peak.ceil() as u64))];
    for (what, value) in [("request now", old), ("proposed", new)] {
        said.extend(value.map(|v| format!("{what} {} {}", text(v), block(v as f64, top))));
    }
    if let Some(new) = new {
        let above = usage.percent_above(new as f64);
        said.push(match above {
            a if a <= 0.0 => "never above the proposal".to_owned(),
            a if a < 1.0 => "at times above the proposal in less than 1 % of the columns".to_owned(),
            a => format!("at times above the proposal in {a:.0} % of the columns"),
        });
    }
    format!("{title}\n  {}\n  {}\n", paint.text(Tint::Good, &usage.sparkline(top)), said.join(", "))
}

/// The level, and each factor.
pub fn risk(rec: &Recommendation, paint: Paint) -> String {
    let Some(risk) = rec.present_risk() else {
        let by_policy = rec.spec.policy_ref.is_some();
        return if by_policy { "not judged yet" } else { "not assessed yet, which counts as High" }.to_owned();
    };
    let tint = listing::risk_tint(Some(risk.level));
    let mut text = paint.text(tint, risk.level.as_str()) + "\n";
    let row = |f: &trimtab_api::risk::RiskFactor| {
        vec![
            Cell::tinted(f.level.as_str(), listing::risk_tint(Some(f.level))),
            f.reason.as_str().into(),
            f.message.as_str().into(),
        ]
    };
    text.push_str(&table(&[], &risk.factors.iter().map(row).collect::<Vec<_>>(), paint));
    if risk.factors.is_empty() {
        text.push_str("Factors: none, as far as is known.\n");
    }
    text
}
