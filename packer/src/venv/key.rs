//! What the deps layer of an environment depends on: each file by its stamp, what pyship made by its bytes.

use std::os::unix::ffi::OsStrExt;
use std::time::SystemTime;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::build_cache::key::Key;
use crate::build_cache::stamp::Stamp;
use crate::tree::{Content, File, LayerPath, Node, Tree};

/// Puts every file of `tree` into `key`. False when one is missing, or so new that its stamp can't tell it from the next.
pub(crate) fn identify(tree: &Tree, key: &mut Key, began: SystemTime) -> bool {
    let nodes: Vec<(&LayerPath, &Node)> = tree.iter().collect();
    let described: Vec<Option<Vec<u8>>> = nodes.par_iter().map(|(_, node)| describe(node, began)).collect();
    for ((path, _), value) in nodes.into_iter().zip(described) {
        let Some(value) = value else { return false };
        key.field("path", path).field("node", value);
    }
    true
}

fn describe(node: &Node, began: SystemTime) -> Option<Vec<u8>> {
    let described = match node {
        Node::Directory(mode) => format!("directory {:o}", mode.bits()).into_bytes(),
        Node::Symlink(target) => [b"link ", target.as_slice()].concat(),
        Node::File(File { content, mode }) => {
            let mut value = format!("file {:o} ", mode.bits()).into_bytes();
            match content {
                Content::Bytes(bytes) => value.extend(Sha256::digest(bytes)),
                Content::Path(_) | Content::Held(_) => {
                    let path = content.source()?;
                    let stamp = Stamp::of(path).filter(|stamp| !stamp.is_after(began))?;
                    value.extend(path.as_os_str().as_bytes());
                    value.push(0);
                    value.extend(stamp.bytes());
                }
            }
            value
        }
    };
    Some(described)
}
