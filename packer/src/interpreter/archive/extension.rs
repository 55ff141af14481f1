//! Extension members of a tar archive: paths and link targets that are too long for a header come in a member of
//! their own before it (GNU and pax).

use std::io::Read;

use anyhow::{Result, bail, ensure};
use tar::EntryType;

/// No path is longer than that; the kernel's own limit is 4096.
const MAX_BYTES: u64 = 64 << 10;

/// What the extension members before a member say of it.
#[derive(Default)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
}

impl Extension {
    /// Reads a GNU or pax extension member; false when `entry` is another kind of member.
    pub(super) fn take_from(
        &mut self,
        entry_type: EntryType,
        entry: &mut tar::Entry<'_, impl Read>,
    ) -> Result<bool> {
        let known = matches!(
            entry_type,
            EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
        );
        if !known {
            return Ok(false);
        }
        ensure!(
            entry.size() <= MAX_BYTES,
            "one of its headers is larger than {MAX_BYTES} bytes"
        );
        let mut data = Vec::new();
        entry.read_to_end(&mut data)?;
        ensure!(data.len() as u64 == entry.size(), "it is cut off within a header");
        match entry_type {
            EntryType::GNULongName => self.path = Some(until_nul(data)),
            EntryType::GNULongLink => self.link = Some(until_nul(data)),
            EntryType::XHeader => {
                for extension in tar::PaxExtensions::new(&data) {
                    let extension = extension?;
                    match extension.key_bytes() {
                        b"path" => self.path = Some(extension.value_bytes().to_vec()),
                        b"linkpath" => self.link = Some(extension.value_bytes().to_vec()),
                        b"size" => bail!("one of its members has its size in a pax header"),
                        key if key.starts_with(b"GNU.sparse") => bail!("one of its members is a sparse file"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}
