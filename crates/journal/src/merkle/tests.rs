//! The tree against published vectors and against a naive recursive copy of the RFC's text.

use super::*;

/// The eight leaves that the Certificate Transparency tests use, with the roots after each.
const CT: [(&str, &str); 8] = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn hash(text: &str) -> Hash {
    unhex(text).try_into().unwrap()
}

/// MTH of RFC 6962.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

/// PATH of RFC 6962.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if index < k {
        (naive_path(index, left), naive_root(right))
    } else {
        (naive_path(index - k, right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// SUBPROOF of RFC 6962.
fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if old <= k {
        (naive_subproof(old, left, whole), naive_root(right))
    } else {
        (naive_subproof(old - k, right, false), naive_root(left))
    };
    proof.push(sibling);
    proof
}

struct Leaves<'a>(&'a [Hash]);

impl HashSource for Leaves<'_> {
    type Error = RangeError;
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, RangeError> {
        let place = |index: u64| usize::try_from(index << level).unwrap();
        let (start, end) = (place(index), place(index + 1));
        let error = RangeError { got: end as u64, limit: self.0.len() as u64 };
        self.0.get(start..end).map(naive_root).ok_or(error)
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_le_bytes())).collect()
}

#[test]
fn certificate_transparency_roots() {
    let mut frontier = Frontier::new();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(frontier.root(), hash(empty));
    for (input, root) in CT {
        frontier.push(leaf_hash(&unhex(input)));
        assert_eq!(frontier.root(), hash(root), "after {} leaves", frontier.size());
    }
}

#[test]
fn certificate_transparency_proofs() {
    let leaves: Vec<Hash> = CT.iter().map(|(input, _)| leaf_hash(&unhex(input))).collect();
    let inclusion = inclusion_proof(5, 8, &Leaves(&leaves)).unwrap();
    assert_eq!(
        inclusion,
        [
            hash("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
            hash("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            hash("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]
    );
    let consistency = consistency_proof(6, 8, &Leaves(&leaves)).unwrap();
    assert_eq!(
        consistency,
        [
            hash("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
            hash("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            hash("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]
    );
}

#[test]
fn every_inclusion_proof_up_to_130() {
    let leaves = leaves(130);
    for size in 1..=130usize {
        let tree = &leaves[..size];
        let root = naive_root(tree);
        assert_eq!(root_at(size as u64, &Leaves(tree)), Ok(root));
        for (index, leaf) in tree.iter().enumerate() {
            let (at, len) = (index as u64, size as u64);
            let proof = inclusion_proof(at, len, &Leaves(tree)).unwrap();
            assert_eq!(proof, naive_path(index, tree));
            assert_eq!(verify_inclusion(leaf, at, len, &proof, &root), Ok(()));
            let other = (at + 1) % len;
            if other != at {
                assert!(verify_inclusion(leaf, other, len, &proof, &root).is_err());
            }
            damaged_inclusion_is_refused(leaf, at, len, &proof, &root);
        }
    }
}

fn damaged_inclusion_is_refused(leaf: &Hash, at: u64, len: u64, proof: &[Hash], root: &Hash) {
    let mut longer = proof.to_vec();
    longer.push(*root);
    assert_eq!(
        verify_inclusion(leaf, at, len, &longer, root),
        Err(ProofError::WrongLength { got: longer.len() })
    );
    if let Some((_, shorter)) = proof.split_last() {
        assert_eq!(
            verify_inclusion(leaf, at, len, shorter, root),
            Err(ProofError::WrongLength { got: shorter.len() })
        );
        let mut changed = proof.to_vec();
        changed[0][7] ^= 1;
        assert_eq!(verify_inclusion(leaf, at, len, &changed, root), Err(ProofError::RootMismatch));
    }
}

#[test]
fn every_consistency_proof_up_to_130() {
    let leaves = leaves(130);
    let roots: Vec<Hash> = (0..=130).map(|size| naive_root(&leaves[..size])).collect();
    for new in 0..=130usize {
        for old in 0..=new {
            let (a, b) = (old as u64, new as u64);
            let proof = consistency_proof(a, b, &Leaves(&leaves[..new])).unwrap();
            if old > 0 {
                assert_eq!(proof, naive_subproof(old, &leaves[..new], true));
            }
            assert_eq!(verify_consistency(a, &roots[old], b, &roots[new], &proof), Ok(()));
            let mut longer = proof.clone();
            longer.push(roots[new]);
            assert!(verify_consistency(a, &roots[old], b, &roots[new], &longer).is_err());
            let mut forged = roots[old];
            forged[0] ^= 1;
            assert!(verify_consistency(a, &forged, b, &roots[new], &proof).is_err());
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at][31] ^= 0x80;
                assert!(verify_consistency(a, &roots[old], b, &roots[new], &changed).is_err());
            }
        }
    }
}

#[test]
fn out_of_range_is_an_error() {
    let leaves = leaves(4);
    let range = RangeError { got: 4, limit: 4 };
    assert_eq!(inclusion_proof(4, 4, &Leaves(&leaves)), Err(range));
    assert_eq!(consistency_proof(5, 4, &Leaves(&leaves)), Err(RangeError { got: 5, limit: 4 }));
    let root = naive_root(&leaves);
    assert_eq!(
        verify_inclusion(&leaves[0], 4, 4, &[], &root),
        Err(ProofError::OutOfRange { got: 4, limit: 4 })
    );
    assert_eq!(
        verify_consistency(5, &root, 4, &root, &[]),
        Err(ProofError::OutOfRange { got: 5, limit: 4 })
    );
}

#[test]
fn frontier_equals_naive_and_takes_subtrees() {
    let leaves = leaves(300);
    let mut frontier = Frontier::new();
    for size in 0..=300usize {
        assert_eq!(frontier.root(), naive_root(&leaves[..size]));
        let mut jumped = Frontier::new();
        let mut start = 0usize;
        for level in (0..9u32).rev() {
            if size >> level & 1 == 1 {
                let end = start + (1 << level);
                jumped.push_subtree(level, naive_root(&leaves[start..end])).unwrap();
                start = end;
            }
        }
        assert_eq!(jumped, frontier);
        if let Some(leaf) = leaves.get(size) {
            frontier.push(*leaf);
        }
    }
    assert!(frontier.push_subtree(3, leaves[0]).is_err());
    assert!(frontier.push_subtree(64, leaves[0]).is_err());
}

#[test]
fn visits_each_completed_subtree() {
    let leaves = leaves(8);
    let mut frontier = Frontier::new();
    let mut seen = Vec::new();
    for leaf in &leaves {
        frontier.push_visit(*leaf, |level, hash| seen.push((level, *hash)));
    }
    assert_eq!(seen.len(), 15);
    assert_eq!(seen.last(), Some(&(3, naive_root(&leaves))));
}

#[test]
fn fold_wants_a_power_of_two() {
    let leaves = leaves(4);
    assert_eq!(fold(&leaves.concat()), Some(naive_root(&leaves)));
    assert_eq!(fold(&leaves[..3].concat()), None);
    assert_eq!(fold(&leaves.concat()[1..]), None);
    assert_eq!(fold(&[]), None);
}
