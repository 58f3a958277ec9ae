//! The built-in table of list prices.
//!
//! In: a provider, a region and a machine type. Out: the list price per hour in USD, and the machine's shape. The table
//! is compiled in, in blocks of one provider, region and capacity type; a block is unpacked at its first use and kept,
//! so that a cluster in one region holds a few kilobytes, and all blocks together hold under half a megabyte. The file
//! format is described in `data/README.md`.

use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, sync::OnceLock};

use jiff::civil::Date;
use thiserror::Error;
use trimtab_core::varint;

use crate::{
    codec::{inflate, unpack_price},
    money::Money,
    node::Provider,
    split::Shape,
};

/// The first line of a table.
pub(crate) const MAGIC: &str = "trimtab prices 1";

static BUILT_IN: &[u8] = include_bytes!("../data/prices.bin");

/// Why a table cannot be read. A test reads the built-in one in full.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// Its first line is wrong.
    #[error("not a price table: {0}")]
    Header(String),
    /// A block does not match the header.
    #[error("the block {0} of the price table is damaged")]
    Block(String),
}

/// The order of machine types in a table, case-insensitive.
pub(crate) fn by_name(a: &str, b: &str) -> Ordering {
    a.bytes().map(|c| c.to_ascii_lowercase()).cmp(b.bytes().map(|c| c.to_ascii_lowercase()))
}

/// The location of a block, and its contents after the first use.
#[derive(Debug)]
struct Block {
    /// For errors.
    name: String,
    start: usize,
    end: usize,
    unpacked_length: usize,
    unpacked: OnceLock<Option<Box<[u8]>>>,
}

/// The prices of one provider.
#[derive(Debug)]
struct ProviderBlocks {
    as_of: Date,
    types: Block,
    /// Where each row of `types` begins, computed at its first use: types are found by binary search.
    rows: OnceLock<Option<Box<[u32]>>>,
    /// By region, and whether spot.
    prices: BTreeMap<(String, bool), Block>,
}

/// List prices per hour in USD by provider, region and machine type.
#[derive(Debug)]
pub struct PriceTable {
    bytes: Cow<'static, [u8]>,
    providers: BTreeMap<Provider, ProviderBlocks>,
}

impl PriceTable {
    /// The compiled-in table.
    ///
    /// # Errors
    /// Only if the program was built with a damaged table.
    pub fn built_in() -> Result<Self, TableError> {
        Self::from_bytes(BUILT_IN)
    }

    /// A table from the bytes of a file.
    ///
    /// # Errors
    /// [`TableError::Header`] names the wrong line of the header.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, TableError> {
        let bytes = bytes.into();
        let providers = read_header(&bytes)?;
        Ok(Self { bytes, providers })
    }

    /// The date of a provider's prices; `None` for a provider that is not in the table.
    pub fn as_of(&self, provider: Provider) -> Option<Date> {
        self.providers.get(&provider).map(|p| p.as_of)
    }

    /// The regions of a provider with prices, sorted.
    pub fn regions(&self, provider: Provider) -> Vec<&str> {
        let prices = self.providers.get(&provider).map(|p| p.prices.keys());
        prices.into_iter().flatten().filter(|(_, spot)| !spot).map(|(region, _)| region.as_str()).collect()
    }

    /// The machine types of a provider and their shapes, in the order of the table. A shape is zero where unknown.
    ///
    /// # Errors
    /// [`TableError::Block`] if the table is damaged.
    pub fn instance_types(&self, provider: Provider) -> Result<Vec<(&str, Shape)>, TableError> {
        match self.providers.get(&provider) {
            None => Ok(vec![]),
            Some(p) => TypeRows(self.unpack(&p.types)?).map(|row| row.ok_or_else(|| p.types.damaged())).collect(),
        }
    }

    /// The shape of a machine type, case-insensitive. `None` if the type or its CPU and memory are not known.
    ///
    /// # Errors
    /// [`TableError::Block`] if the table is damaged.
    pub fn shape(&self, provider: Provider, instance_type: &str) -> Result<Option<Shape>, TableError> {
        Ok(self.find(provider, instance_type)?.map(|(_, shape)| shape).filter(|s| s.is_known()))
    }

    /// The list price per hour in USD. `None` if the table does not have it; never zero.
    ///
    /// # Errors
    /// [`TableError::Block`] if the table is damaged.
    pub fn hourly(
        &self,
        provider: Provider,
        region: &str,
        instance_type: &str,
        spot: bool,
    ) -> Result<Option<Money>, TableError> {
        let Some((index, _)) = self.find(provider, instance_type)? else { return Ok(None) };
        let key = (region.to_owned(), spot);
        let Some(block) = self.providers.get(&provider).and_then(|p| p.prices.get(&key)) else { return Ok(None) };
        let mut rows = self.unpack(block)?;
        let mut packed = 0;
        for _ in 0..=index {
            packed = varint::take(&mut rows).map_err(|_| block.damaged())?;
        }
        let nanos = unpack_price(packed).and_then(|n| i64::try_from(n).ok()).ok_or_else(|| block.damaged())?;
        Ok((nanos > 0).then(|| Money::from_nanos(nanos)))
    }

    /// Bytes of memory held by unpacked blocks.
    pub fn unpacked_bytes(&self) -> usize {
        let blocks = self.providers.values().flat_map(|p| p.prices.values().chain([&p.types]));
        let unpacked = blocks.filter_map(|b| b.unpacked.get()?.as_ref()).map(|b| b.len());
        let rows = self.providers.values().filter_map(|p| p.rows.get()?.as_ref()).map(|r| size_of_val(&**r));
        unpacked.chain(rows).sum()
    }

    /// The index of a machine type among its provider's, and its shape.
    fn find(&self, provider: Provider, instance_type: &str) -> Result<Option<(usize, Shape)>, TableError> {
        let Some(blocks) = self.providers.get(&provider) else { return Ok(None) };
        let (types, damaged) = (self.unpack(&blocks.types)?, || blocks.types.damaged());
        let rows = blocks.rows.get_or_init(|| TypeRows(types).starts()).as_deref().ok_or_else(damaged)?;
        let row = |start: u32| types.get(usize::try_from(start).ok()?..).and_then(|rest| TypeRows(rest).row());
        // `starts` has read every row, so none is missing here.
        let order = |start: &u32| row(*start).map_or(Ordering::Less, |(name, _)| by_name(name, instance_type));
        let Ok(index) = rows.binary_search_by(order) else { return Ok(None) };
        Ok(row(rows[index]).map(|(_, shape)| (index, shape)))
    }

    fn unpack<'a>(&'a self, block: &'a Block) -> Result<&'a [u8], TableError> {
        let packed = || self.bytes.get(block.start..block.end);
        let unpacked = block.unpacked.get_or_init(|| inflate(packed()?, block.unpacked_length));
        unpacked.as_deref().ok_or_else(|| block.damaged())
    }
}

impl Block {
    fn damaged(&self) -> TableError {
        TableError::Block(self.name.clone())
    }
}

/// Machine types: length and bytes of the name, vCPUs, MiB of memory, GPUs. A damaged row is `None` and the last.
struct TypeRows<'a>(&'a [u8]);

impl<'a> Iterator for TypeRows<'a> {
    type Item = Option<(&'a str, Shape)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let row = self.row();
        if row.is_none() {
            self.0 = &[];
        }
        Some(row)
    }
}

impl<'a> TypeRows<'a> {
    /// Where each row begins; `None` if one is damaged.
    fn starts(mut self) -> Option<Box<[u32]>> {
        let (length, mut starts) = (self.0.len(), Vec::new());
        while !self.0.is_empty() {
            starts.push(u32::try_from(length - self.0.len()).ok()?);
            self.row()?;
        }
        Some(starts.into_boxed_slice())
    }

    fn row(&mut self) -> Option<(&'a str, Shape)> {
        let length = usize::try_from(varint::take(&mut self.0).ok()?).ok()?;
        let (name, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let cpu_millis = varint::take(&mut self.0).ok()?.checked_mul(1000)?;
        let memory_bytes = varint::take(&mut self.0).ok()?.checked_mul(1 << 20)?;
        let gpus = u32::try_from(varint::take(&mut self.0).ok()?).ok()?;
        Some((str::from_utf8(name).ok()?, Shape { cpu_millis, memory_bytes, gpus }))
    }
}

/// The header: lines of text up to an empty one. Blocks follow it in the order of their lines.
fn read_header(bytes: &[u8]) -> Result<BTreeMap<Provider, ProviderBlocks>, TableError> {
    let wrong = |what: &str| TableError::Header(what.chars().take(80).collect());
    let end = bytes.windows(2).position(|w| w == b"\n\n").ok_or_else(|| wrong("no header"))?;
    let header = str::from_utf8(&bytes[..end]).map_err(|_| wrong("the header is not text"))?;
    let mut lines = header.lines();
    if lines.next() != Some(MAGIC) {
        return Err(wrong("it does not start with the name and version of the format"));
    }
    let mut providers = BTreeMap::new();
    let mut start = end + 2;
    for line in lines {
        let block = |name: String, packed: &str, unpacked: &str, start: &mut usize| {
            let from = *start;
            let to = from.checked_add(packed.parse().ok()?).filter(|to| *to <= bytes.len())?;
            *start = to;
            let unpacked_length = unpacked.parse().ok()?;
            Some(Block { name, start: from, end: to, unpacked_length, unpacked: OnceLock::new() })
        };
        let read = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["types", provider, as_of, packed, unpacked] => {
                provider_of(provider).zip(as_of.parse().ok()).and_then(|(p, as_of)| {
                    let types = block(format!("types {provider}"), packed, unpacked, &mut start)?;
                    providers
                        .insert(p, ProviderBlocks { as_of, types, rows: OnceLock::new(), prices: BTreeMap::new() });
                    Some(())
                })
            }
            ["prices", provider, region, capacity @ ("on_demand" | "spot"), packed, unpacked] => provider_of(provider)
                .and_then(|p| {
                    let name = format!("prices {provider} {region} {capacity}");
                    let block = block(name, packed, unpacked, &mut start)?;
                    let key = ((*region).to_owned(), *capacity == "spot");
                    providers.get_mut(&p)?.prices.insert(key, block);
                    Some(())
                }),
            ["#", ..] => Some(()),
            _ => None,
        };
        read.ok_or_else(|| wrong(line))?;
    }
    if start == bytes.len() { Ok(providers) } else { Err(wrong("the file is longer than its blocks")) }
}

fn provider_of(name: &str) -> Option<Provider> {
    [Provider::Aws, Provider::Gcp, Provider::Azure].into_iter().find(|p| p.as_str() == name)
}
