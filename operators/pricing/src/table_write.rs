//! Writes price tables; used to regenerate the built-in one, not at run time.
//!
//! In: prices in billionths and shapes, one provider after the other. Out: the bytes of a table. The same input always
//! gives the same bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use jiff::civil::Date;
use trimtab_core::varint;

use crate::{
    codec::{deflate, pack_price},
    node::Provider,
    table::{MAGIC, by_name},
};

/// The shape of a machine type, in the units of the table. Zero is "not known".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeShape {
    /// vCPUs.
    pub vcpus: u64,
    /// MiB of memory.
    pub memory_mib: u64,
    /// GPUs.
    pub gpus: u64,
}

/// The prices of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPrices {
    /// The provider.
    pub provider: Provider,
    /// The date of the prices.
    pub as_of: Date,
    /// By region, and whether spot: machine type to billionths of a USD per hour. Prices of zero are left out.
    pub prices: BTreeMap<(String, bool), BTreeMap<String, u64>>,
    /// Shapes of machine types; those without a price are left out.
    pub shapes: BTreeMap<String, TypeShape>,
}

/// The bytes of a table. `note` is a line of text for anyone who opens the file.
///
/// # Errors
/// Prices, names or notes that the format cannot hold.
pub fn write_table(note: &str, providers: &[ProviderPrices]) -> io::Result<Vec<u8>> {
    if note.contains('\n') {
        return Err(invalid("a note of more than one line"));
    }
    let mut header = format!("{MAGIC}\n# {note}\n");
    let mut blocks = Vec::new();
    for p in providers {
        let provider = p.provider.as_str();
        let sold = p.prices.values().flatten().filter(|(_, nanos)| **nanos > 0).map(|(name, _)| name.as_str());
        let mut types: Vec<&str> = sold.collect::<BTreeSet<_>>().into_iter().collect();
        types.sort_by(|a, b| by_name(a, b));
        if types.windows(2).any(|pair| by_name(pair[0], pair[1]).is_eq()) {
            return Err(invalid("two machine types that differ in case alone"));
        }
        let mut rows = Vec::new();
        for name in &types {
            let shape = p.shapes.get(*name).copied().unwrap_or_default();
            varint::put(&mut rows, name.len() as u64);
            rows.extend_from_slice(name.as_bytes());
            [shape.vcpus, shape.memory_mib, shape.gpus].iter().for_each(|n| varint::put(&mut rows, *n));
        }
        let packed = push_block(&mut blocks, &rows)?;
        header.push_str(&format!("types {provider} {} {packed} {}\n", p.as_of, rows.len()));
        for ((region, spot), prices) in &p.prices {
            if region.is_empty() || region.contains(char::is_whitespace) {
                return Err(invalid("a region that is not one word"));
            }
            let mut rows = Vec::new();
            for name in &types {
                let nanos = prices.get(*name).copied().unwrap_or(0);
                varint::put(&mut rows, pack_price(nanos).ok_or_else(|| invalid("a price beyond 64 bits"))?);
            }
            let packed = push_block(&mut blocks, &rows)?;
            let capacity = if *spot { "spot" } else { "on_demand" };
            header.push_str(&format!("prices {provider} {region} {capacity} {packed} {}\n", rows.len()));
        }
    }
    header.push('\n');
    Ok([header.as_bytes(), &blocks].concat())
}

fn push_block(blocks: &mut Vec<u8>, rows: &[u8]) -> io::Result<usize> {
    let packed = deflate(rows)?;
    blocks.extend_from_slice(&packed);
    Ok(packed.len())
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
