//! Synthetic families of series: 30 days, 5 minutes apart, each with correlated noise, drawn from a fixed seed.

use trimtab_sizing::replay::Sample;

const STEPS: i64 = 30 * 288;
const SERIES: u64 = 8;

/// A small generator (splitmix64): the same numbers everywhere.
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Any 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Approximately standard normal: twelve uniforms.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform(0.0, 1.0)).sum::<f64>() - 6.0
    }
}

type Shape = fn(day: f64, parameters: &[f64; 3], random: &mut Random) -> (f64, f64);

/// Every family by its name.
pub fn families() -> Vec<(&'static str, Vec<Vec<Sample>>)> {
    let shapes: [(&str, Shape); 10] = [
        ("steady", |_, _, _| (1.0, 1.0)),
        ("daily wave", |day, _, _| {
            let wave = (std::f64::consts::TAU * day).sin();
            (1.0 + 0.6 * wave, 1.0 + 0.2 * wave)
        }),
        ("weekly batch", |day, _, _| if in_weekly_job(day, 0.25) { (3.0, 1.8) } else { (1.0, 1.0) }),
        ("ramp", |day, p, _| (1.0 + day / 30.0 * (0.3 + 1.7 * p[0]), 1.0 + day / 30.0 * (0.2 + 0.8 * p[1]))),
        (
            "level shift",
            |day, p, _| {
                if day < 10.0 + 15.0 * p[0] { (1.0, 1.0) } else { (0.4 + 2.1 * p[1], 0.6 + 1.2 * p[2]) }
            },
        ),
        ("spikes", |_, p, random| {
            let cpu = if random.uniform(0.0, 1.0) < 0.0005 + 0.01 * p[0] { random.uniform(2.0, 8.0) } else { 1.0 };
            let memory = if random.uniform(0.0, 1.0) < 0.002 { random.uniform(1.2, 2.5) } else { 1.0 };
            (cpu, memory)
        }),
        ("leak", |day, p, _| (1.0, 1.0 + 0.1 * (day % (3.0 + (6.0 * p[0]).floor())))),
        ("office hours", |day, _, _| if in_office(day) { (3.0, 1.5) } else { (1.0, 1.0) }),
        ("short weekly job", |day, _, _| if in_weekly_job(day, 0.08) { (4.0, 1.0) } else { (1.0, 1.0) }),
        ("erratic days", |day, p, _| erratic_day(day.floor(), p[0])),
    ];
    shapes.iter().zip(1u64..).map(|((name, shape), seed)| (*name, family(*shape, seed))).collect()
}

/// Monday to Friday, 8 to 18 UTC. `day` counts from the first sample, a Tuesday at 22:13 UTC.
fn in_office(day: f64) -> bool {
    let since_monday = day + 1.0 + 22.22 / 24.0;
    since_monday.floor() as i64 % 7 < 5 && (8.0 / 24.0..18.0 / 24.0).contains(&since_monday.fract())
}

/// The first `share` of every fourth day of a week.
fn in_weekly_job(day: f64, share: f64) -> bool {
    day.floor() as i64 % 7 == 3 && day.fract() < share
}

/// A level for each day of a series, at random.
fn erratic_day(day: f64, series: f64) -> (f64, f64) {
    let mut random = Random::new((day as u64 + 1) * 7919 + (series * 1e9) as u64);
    ((0.4 * random.normal()).exp(), (0.15 * random.normal()).exp())
}

fn family(shape: Shape, seed: u64) -> Vec<Vec<Sample>> {
    (0..SERIES).map(|nth| one(shape, &mut Random::new(seed * 1000 + nth))).collect()
}

fn one(shape: Shape, random: &mut Random) -> Vec<Sample> {
    let cores = 10f64.powf(random.uniform(-2.0, 0.5));
    let bytes = random.uniform(27.0, 32.0).exp2();
    let sigma = random.uniform(0.03, 0.3);
    let parameters = [random.uniform(0.0, 1.0), random.uniform(0.0, 1.0), random.uniform(0.0, 1.0)];
    let (mut cpu_noise, mut memory_noise) = (0.0, 0.0);
    (0..STEPS)
        .map(|step| {
            cpu_noise = 0.9 * cpu_noise + 0.436 * random.normal();
            memory_noise = 0.9 * memory_noise + 0.436 * random.normal();
            let (cpu, memory) = shape(step as f64 / 288.0, &parameters, random);
            Sample {
                time: 1_700_000_000 + step * 300,
                cores: cores * cpu * (sigma * cpu_noise).exp(),
                bytes: bytes * memory * (0.25 * sigma * memory_noise).exp(),
            }
        })
        .collect()
}
