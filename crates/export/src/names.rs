//! Account paths and money as text, in the field's words.
//!
//! A label holds `a-z 0-9 . _ : -` or is a UUID, so it brings no blank, quote, semicolon or line
//! break into a file. Only the colon means something there: it parts the levels of an account, so it
//! is written as a slash, which no label can hold. Two names never get one spelling.

use backstop_core::{ledger::LedgerAccount, state::State};
use backstop_units::{
    AccountId, Amount, AssetId, FarmId, FundId, Label, MarketId, Price, ReserveId, TrancheId,
    VaultId, format_decimal, grouped, price_decimals,
};

/// A label as one level of an account path.
pub(crate) fn level(label: Label) -> String {
    label.to_string().replace(':', "/")
}

macro_rules! labels {
    ($($name:ident, $slab:ident, $id:ty;)*) => {$(
        /// The label under a handle; the handle itself where the state has none.
        pub(crate) fn $name(state: &State, id: $id) -> String {
            state.$slab.get(id).map_or_else(|| id.to_string(), |item| item.label.to_string())
        }
    )*};
}
labels! {
    account_label, accounts, AccountId;
    fund_label, funds, FundId;
    tranche_label, tranches, TrancheId;
    market_label, markets, MarketId;
    reserve_label, reserves, ReserveId;
    vault_label, vaults, VaultId;
    farm_label, farms, FarmId;
    asset_label, assets, AssetId;
}

/// The full path of an account in exported books, such as `Equity:Fund:main:Staked:stakers`.
///
/// `state` is any state in which the account's owner exists. What is held stands under `Assets`,
/// what is owed to outsiders under `Liabilities`, a fund's own layers under `Equity`.
pub fn account_path(state: &State, account: LedgerAccount) -> String {
    use LedgerAccount as L;
    let path = |text: String| text.replace(':', "/");
    let asset = |id| path(asset_label(state, id));
    let owner = |id| path(account_label(state, id));
    let fund = |id| path(fund_label(state, id));
    let market = |id| path(market_label(state, id));
    let reserve = |id| path(reserve_label(state, id));
    match account {
        L::Custody(id) => format!("Assets:Custody:{}", asset(id)),
        L::InTransit(id) => format!("Assets:InTransit:{}", asset(id)),
        L::Suspense(id) => format!("Equity:Suspense:{}", asset(id)),
        L::Opening(id) => format!("Equity:Opening:{}", asset(id)),
        L::Carry(id) => format!("Equity:Carry:{}", asset(id)),
        L::External(id) => format!("Equity:External:{}", asset(id)),
        L::Balance(id) => format!("Liabilities:Balances:{}", owner(id)),
        L::Pending(id) => format!("Liabilities:Pending:{}", owner(id)),
        L::Reserve(id) => format!("Equity:Fund:{}:Reserve", fund(id)),
        L::Idle(id) => format!("Equity:Fund:{}:Idle", fund(id)),
        L::Collateral(id) => format!("Liabilities:Collateral:{}", fund(id)),
        L::Haircut(id) => format!("Liabilities:Collateral:{}:Haircut", fund(id)),
        L::Contributions(id) => format!("Equity:Fund:{}:Contributions", fund(id)),
        L::Tranche(id) => {
            let owner = state.tranches.get(id).map(|tranche| fund(tranche.fund));
            let owner = owner.unwrap_or_else(|| "unknown".to_owned());
            format!("Equity:Fund:{owner}:Staked:{}", path(tranche_label(state, id)))
        }
        L::Revenue(id) => format!("Equity:Fund:{}:Revenue", fund(id)),
        L::FeePool(id) => format!("Liabilities:Market:{}:FeePool", market(id)),
        L::Clearing(id) => format!("Liabilities:Market:{}:Clearing", market(id)),
        L::Socialised(id) => format!("Liabilities:Market:{}:Clearing:Socialised", market(id)),
        L::Deleveraged(id) => format!("Liabilities:Market:{}:Clearing:Deleveraged", market(id)),
        L::Depositors(id) => format!("Liabilities:Market:{}:Clearing:Depositors", market(id)),
        L::ByEquity(id) => format!("Liabilities:Market:{}:Clearing:ByEquity", market(id)),
        L::HouseDrawn(id) => format!("Liabilities:Market:{}:Clearing:HouseDrawn", market(id)),
        L::Residual(id) => format!("Liabilities:Market:{}:Clearing:Residual", market(id)),
        L::PendingClearing(id) => format!("Liabilities:Market:{}:PendingClearing", market(id)),
        L::PnlPool(id) => format!("Liabilities:Market:{}:PnlPool", market(id)),
        L::Basis(id) => format!("Equity:Fund:{}:Basis", fund(id)),
        L::Conversion(id) => format!("Liabilities:Market:{}:Conversion", market(id)),
        L::Inventory(id) => format!("Liabilities:Market:{}:Inventory", market(id)),
        L::VaultIdle(id) => format!("Liabilities:Vault:{}:Idle", path(vault_label(state, id))),
        L::VaultCrank(id) => format!("Liabilities:Vault:{}:Crank", path(vault_label(state, id))),
        L::VaultRewards(id) => {
            format!("Liabilities:Vault:{}:Rewards", path(vault_label(state, id)))
        }
        L::FarmStake(id) => format!("Liabilities:Farm:{}:Stake", path(farm_label(state, id))),
        L::FarmRewards(id) => format!("Liabilities:Farm:{}:Rewards", path(farm_label(state, id))),
        L::VaultQueue(id) => format!("Liabilities:Vault:{}:Queue", path(vault_label(state, id))),
        L::Lenders(id) => format!("Liabilities:Lending:{}:Lenders", reserve(id)),
        L::Interest(id) => format!("Liabilities:Lending:{}:Interest", reserve(id)),
        L::Pledged(id) => format!("Liabilities:Lending:{}:Pledged", reserve(id)),
        L::Loans(id) => format!("Assets:Lending:{}:Loans", reserve(id)),
        L::Compensation(id) => format!("Liabilities:Compensation:{id}"),
        L::Recoveries(id) => format!("Liabilities:Recoveries:{id}"),
    }
}

/// How amounts of one asset are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The asset's name.
    pub symbol: String,
    /// Decimals of a whole unit.
    pub decimals: u8,
}

impl Unit {
    /// The unit of an asset.
    pub fn of(state: &State, asset: AssetId) -> Self {
        let decimals = state.assets.get(asset).map_or(0, |asset| asset.decimals);
        Self { symbol: asset_label(state, asset), decimals }
    }

    /// An amount with all its decimals: `12.500000`.
    pub fn digits(&self, amount: Amount) -> String {
        format_decimal(amount.get(), self.decimals)
    }

    /// How prices in this asset are written.
    #[must_use]
    pub fn of_price(&self) -> Self {
        Self { symbol: self.symbol.clone(), decimals: price_decimals(self.decimals) }
    }

    /// A price with all its decimals, in whole units of this asset for one whole base unit.
    pub fn price(&self, price: Price) -> String {
        format_decimal(price.get(), price_decimals(self.decimals))
    }

    /// An amount with its asset, without zeros at the end: `12.5 usdt`.
    pub fn short(&self, amount: Amount) -> String {
        format!("{} {}", trim(self.digits(amount)), self.symbol)
    }

    /// An amount with all its digits that matter, thousands apart: `1,234.567891 usdt`.
    pub fn full(&self, amount: Amount) -> String {
        let digits = self.digits(amount);
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        format!("{} {}", trim(format!("{}.{fraction}", grouped(whole))), self.symbol)
    }

    /// An amount as people read it: thousands apart, cents at most, `1,234.56 usdt`. **Rounding** down; less than one
    /// whole unit keeps all its digits.
    pub fn brief(&self, amount: Amount) -> String {
        let digits = self.digits(amount);
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let cents = if whole == "0" { fraction } else { fraction.get(..2).unwrap_or(fraction) };
        format!("{} {}", trim(format!("{}.{cents}", grouped(whole))), self.symbol)
    }

    /// An amount for an axis: three digits that matter and a letter, `1.23M`, without its asset. **Rounding** down.
    pub fn compact(&self, amount: Amount) -> String {
        let digits = self.digits(amount);
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let steps = ["", "k", "M", "B", "T"];
        let groups = whole.len().saturating_sub(1).checked_div(3).unwrap_or(0).min(4);
        if groups == 0 {
            let zeros = fraction.bytes().take_while(|digit| *digit == b'0').count();
            let most = if whole == "0" { zeros.saturating_add(3) } else { 2 };
            return trim(format!("{whole}.{}", fraction.get(..most).unwrap_or(fraction)));
        }
        let (head, tail) = whole.split_at(whole.len().saturating_sub(groups.saturating_mul(3)));
        let tail = tail.get(..3_usize.saturating_sub(head.len())).unwrap_or_default();
        let head = if groups == 4 { grouped(head) } else { head.to_owned() };
        format!("{}{}", trim(format!("{head}.{tail}")), steps.get(groups).unwrap_or(&""))
    }
}

/// Cuts zeros off the end of a fraction.
pub(crate) fn trim(digits: String) -> String {
    if !digits.contains('.') {
        return digits;
    }
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_keep_names_apart() {
        for (label, want) in [("alice", "alice"), ("a:b", "a/b"), (":", "/"), ("-.-", "-.-")] {
            assert_eq!(level(Label::parse(label).unwrap()), want);
        }
    }

    #[test]
    fn short_amounts() {
        let unit = Unit { symbol: "usdt".to_owned(), decimals: 2 };
        for (atoms, want) in
            [(0, "0 usdt"), (1, "0.01 usdt"), (1_000, "10 usdt"), (150, "1.5 usdt")]
        {
            assert_eq!(unit.short(Amount::new(atoms)), want);
        }
        assert_eq!(unit.full(Amount::new(123_456_780)), "1,234,567.8 usdt");
        assert_eq!(Unit { decimals: 0, ..unit }.short(Amount::new(100)), "100 usdt");
    }

    #[test]
    fn amounts_as_people_read_them() {
        let unit = Unit { symbol: "usdt".to_owned(), decimals: 6 };
        for (atoms, brief, compact) in [
            (0, "0 usdt", "0"),
            (1, "0.000001 usdt", "0.000001"),
            (123_456, "0.123456 usdt", "0.123"),
            (1_009_999, "1 usdt", "1"),
            (999_990_000, "999.99 usdt", "999.99"),
            (1_234_567_890, "1,234.56 usdt", "1.23k"),
            (12_345_000_000, "12,345 usdt", "12.3k"),
            (999_999_000_000, "999,999 usdt", "999k"),
            (1_000_000_000_000, "1,000,000 usdt", "1M"),
            (
                u128::MAX,
                "340,282,366,920,938,463,463,374,607,431,768.21 usdt",
                "340,282,366,920,938,463,463T",
            ),
        ] {
            let amount = Amount::new(atoms);
            assert_eq!(
                (unit.brief(amount).as_str(), unit.compact(amount).as_str()),
                (brief, compact)
            );
        }
    }
}
