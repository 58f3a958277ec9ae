//! Safety against size: what each profile would request, and how much would exceed it, at other prices.
//!
//! In: the points of each set. Out: a table, and a picture of the same figures, one panel for each set. Where a curve
//! lies below and to the left of a method's point, that method requests more, or lets more exceed the request, or both.

use trimtab_sizing::{Profile, SizingRules};

use super::{
    points::{Points, Resource, Tally, sum},
    svg::{Dot, Line, Panel},
};

/// The factors applied to the price of the profile.
const FACTORS: [f64; 9] = [0.25, 0.4, 0.6, 0.8, 1.0, 1.3, 1.8, 3.0, 6.0];

/// The profiles by name, in the order of tables.
pub const PROFILES: [(&str, Profile); 3] =
    [("Savings", Profile::Savings), ("Balanced", Profile::Balanced), ("Resilient", Profile::Resilient)];

/// The curves of one set for one resource.
struct Curves {
    set: String,
    /// For each profile, a tally for each factor.
    profiles: Vec<(&'static str, Vec<Tally>)>,
    vpa: Tally,
    krr: Tally,
}

/// Prints the tables of one resource, and returns the picture.
pub fn draw(resource: Resource, sets: &[(String, Points)]) -> String {
    let curves: Vec<Curves> = sets.iter().map(|(set, points)| measure(set, resource, points)).collect();
    curves.iter().for_each(|curves| print(resource, curves));
    let panels: Vec<Panel> = curves.iter().map(panel).collect();
    let (x, y) = match resource {
        Resource::Cpu => ("average request, cores", "CPU samples over the request, %"),
        Resource::Memory => ("average request, GiB", "days with memory over the request, %"),
    };
    super::svg::picture(&panels, x, y)
}

fn measure(set: &str, resource: Resource, points: &Points) -> Curves {
    let profiles = PROFILES.map(|(name, profile)| {
        let tally = |factor: f64| {
            let mut rules = SizingRules::of(profile);
            rules.cpu.overrun_price *= factor;
            rules.memory.overrun_price *= factor;
            sum(points.rules(resource, &rules))
        };
        (name, FACTORS.iter().map(|factor| tally(*factor)).collect())
    });
    Curves {
        set: set.to_owned(),
        profiles: profiles.into(),
        vpa: sum(points.vpa(resource)),
        krr: sum(points.krr(resource)),
    }
}

fn print(resource: Resource, curves: &Curves) {
    let (title, unit, over) = match resource {
        Resource::Cpu => ("CPU", "cores", "samples over"),
        Resource::Memory => ("memory", "GiB", "days over"),
    };
    println!("\n{title} of {}: average {unit}, {over}", curves.set);
    print!("{:<12}", "price");
    curves.profiles.iter().for_each(|(name, _)| print!(" {name:>18}"));
    println!();
    let pair = |tally: &Tally| format!("{:.3}  {:>6.2} %", tally.size(), tally.over_percent());
    for (nth, factor) in FACTORS.iter().enumerate() {
        print!("{:<12}", if *factor == 1.0 { "as it is".to_owned() } else { format!("times {factor}") });
        for tally in curves.profiles.iter().filter_map(|(_, tallies)| tallies.get(nth)) {
            print!(" {:>18}", pair(tally));
        }
        println!();
    }
    println!("{:<12} {:>18}   {:<12} {:>18}", "VPA", pair(&curves.vpa), "KRR", pair(&curves.krr));
}

fn panel(curves: &Curves) -> Panel {
    let point = |tally: &Tally| (tally.size(), tally.over_percent());
    let mut lines = Vec::new();
    let mut dots = Vec::new();
    for (name, tallies) in &curves.profiles {
        lines.push(Line { name: (*name).to_owned(), points: tallies.iter().map(point).collect() });
        for (tally, _) in tallies.iter().zip(FACTORS).filter(|(_, factor)| *factor == 1.0) {
            dots.push(Dot { name: (*name).to_owned(), at: point(tally) });
        }
    }
    dots.push(Dot { name: "VPA".to_owned(), at: point(&curves.vpa) });
    dots.push(Dot { name: "KRR".to_owned(), at: point(&curves.krr) });
    Panel { title: curves.set.clone(), lines, dots }
}
