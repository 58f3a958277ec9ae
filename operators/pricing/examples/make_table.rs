//! Regenerates the built-in price table: `cargo run -p trimtab-pricing --example make_table -- PRICES.csv.gz TYPES.csv
//! OUT`.
//!
//! In: `provider,region,instance_type,capacity_type,usd_per_hour` (gzipped) and
//! `provider,instance_type,vcpu,memory_mib,gpu,architecture`, as `data/README.md` describes. Out: the table, read back and
//! compared with the input row by row before it is written.

use std::{collections::BTreeMap, env, error::Error, fs, io};

use flate2::read::MultiGzDecoder;
use jiff::civil::{Date, date};
use trimtab_pricing::{
    Money, PriceTable, Provider,
    table_write::{ProviderPrices, TypeShape, write_table},
};

/// The providers and the dates of their figures; update them together with the figures.
const PROVIDERS: [(Provider, Date); 3] =
    [(Provider::Aws, date(2026, 7, 20)), (Provider::Azure, date(2026, 6, 18)), (Provider::Gcp, date(2026, 8, 3))];

const NOTE: &str = "list prices an hour in USD without tax or discount; see README.md beside this file";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [prices, types, out] = args.as_slice() else {
        return Err("usage: make_table PRICES.csv.gz TYPES.csv OUT".into());
    };
    let mut providers: Vec<ProviderPrices> = PROVIDERS
        .map(|(provider, as_of)| ProviderPrices { provider, as_of, prices: BTreeMap::new(), shapes: BTreeMap::new() })
        .into();
    let find =
        |providers: &mut Vec<ProviderPrices>, name: &str| providers.iter().position(|p| p.provider.as_str() == name);

    let mut rows = csv::Reader::from_reader(MultiGzDecoder::new(fs::File::open(prices)?));
    let mut zeros = 0;
    for row in rows.records() {
        let row = row?;
        let (nanos, spot) = (nanos(&row[4])?, &row[3] == "spot");
        let index = find(&mut providers, &row[0]).ok_or_else(|| format!("unknown provider {}", &row[0]))?;
        zeros += usize::from(nanos == 0);
        let region = providers[index].prices.entry((row[1].to_owned(), spot)).or_default();
        if region.insert(row[2].to_owned(), nanos).is_some() {
            return Err(format!("two prices for {row:?}").into());
        }
        if &row[0] == "gcp" {
            let shape = google_shape(&row[2]);
            providers[index].shapes.insert(row[2].to_owned(), shape);
        }
    }
    for row in csv::Reader::from_path(types)?.records() {
        let row = row?;
        let shape = TypeShape { vcpus: row[2].parse()?, memory_mib: row[3].parse()?, gpus: row[4].parse()? };
        if let Some(index) = find(&mut providers, &row[0]) {
            providers[index].shapes.insert(row[1].to_owned(), shape);
        }
    }

    let bytes = write_table(NOTE, &providers)?;
    let table = PriceTable::from_bytes(bytes.clone())?;
    let mut compared = 0;
    for p in &providers {
        for ((region, spot), prices) in &p.prices {
            for (name, nanos) in prices {
                let want = (*nanos > 0).then(|| i64::try_from(*nanos).map(Money::from_nanos)).transpose()?;
                if table.hourly(p.provider, region, name, *spot)? != want {
                    return Err(io::Error::other(format!("{} {region} {name} reads back wrongly", p.provider)).into());
                }
                compared += 1;
            }
        }
    }
    fs::write(out, &bytes)?;
    println!("{} bytes, {compared} prices compared, {zeros} prices of zero left out", bytes.len());
    println!("{} bytes when all is unpacked", table.unpacked_bytes());
    Ok(())
}

/// Billionths of a USD.
fn nanos(text: &str) -> Result<u64, Box<dyn Error>> {
    Money::parse(text)?;
    let (integer, decimals) = text.split_once('.').unwrap_or((text, ""));
    Ok(format!("{integer}{decimals:0<9}").parse()?)
}

/// The shape of Google Cloud's machine types, if derivable from family and name: the last number is the vCPUs, and
/// families have a fixed amount of memory per vCPU. Zero elsewhere: custom, accelerator and memory-optimised families,
/// those whose memory is not in proportion, and shared cores except e2's.
fn google_shape(name: &str) -> TypeShape {
    let shape = |vcpus, memory_mib| TypeShape { vcpus, memory_mib, gpus: 0 };
    match name {
        "e2-micro" => return shape(2, 1024),
        "e2-small" => return shape(2, 2048),
        "e2-medium" => return shape(2, 4096),
        // The only one of its series with less memory per vCPU.
        "n2-highmem-128" => return shape(128, 864 * 1024),
        _ => {}
    }
    let mut words = name.split('-');
    let (Some(family), Some(series), Some(Ok(vcpus))) =
        (words.next(), words.next(), words.next().map(str::parse::<u64>))
    else {
        return TypeShape::default();
    };
    let tenths_of_gib_per_vcpu = match (family, series) {
        ("n1", "standard") => return shape(vcpus, vcpus * 3840),
        ("n1", "highmem") => 65,
        ("n1", "highcpu") => 9,
        ("e2" | "n2" | "n2d" | "t2d" | "t2a" | "c2" | "c2d" | "c3" | "c3d" | "c4a" | "n4", "standard") => 40,
        ("e2" | "n2" | "n2d" | "c2d" | "c3" | "c3d" | "c4a" | "n4", "highmem") => 80,
        ("e2" | "n2" | "n2d", "highcpu") => 10,
        ("c2d" | "c3" | "c4a" | "n4", "highcpu") => 20,
        _ => return TypeShape::default(),
    };
    shape(vcpus, vcpus * tenths_of_gib_per_vcpu * 1024 / 10)
}
