//! Sorting by byte strings.
//!
//! std's sorts are compiled anew for every type, about 6 KiB each. The launcher is part of every packed file, so all
//! sorting goes through one of them.

use std::time::SystemTime;

/// The indices that sort `keys`.
pub(crate) fn order(keys: &[&[u8]]) -> Vec<usize> {
    let mut pairs: Vec<(&[u8], usize)> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, at)| at).collect()
}

/// `list` sorted by `keys`, one for each item.
pub(crate) fn sorted<T>(list: Vec<T>, keys: &[&[u8]]) -> Vec<T> {
    let order = order(keys);
    let mut slots: Vec<Option<T>> = list.into_iter().map(Some).collect();
    order.iter().filter_map(|&at| slots[at].take()).collect()
}

/// Sorts the offsets of strings in a buffer, each of which ends with a NUL. Takes no memory.
pub(crate) fn sort_offsets(bytes: &[u8], offsets: &mut [u32]) {
    offsets.sort_unstable_by(|&a, &b| string_at(bytes, a).cmp(string_at(bytes, b)));
}

/// The string at an offset, up to its NUL.
pub(crate) fn string_at(bytes: &[u8], offset: u32) -> &[u8] {
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|offset| bytes.get(offset..));
    let mut strings = rest.unwrap_or_default().split(|&byte| byte == 0);
    strings.next().unwrap_or_default()
}

/// A time as a key; times before 1970 count as 1970.
pub(crate) fn key_of(time: SystemTime) -> [u8; 16] {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_and_stable() {
        let keys: [&[u8]; 4] = [b"b", b"a/x", b"a", b"b"];
        assert_eq!(order(&keys), [2, 1, 0, 3]);
        assert_eq!(sorted(vec![0, 1, 2, 3], &keys), [2, 1, 0, 3]);
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1);
        assert!(key_of(SystemTime::UNIX_EPOCH) < key_of(later));
    }
}
