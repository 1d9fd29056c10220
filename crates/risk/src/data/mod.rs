//! Files of the risk desk: prices, accounts and positions, the venue's terms, and scenarios of the user.
//!
//! Readers are pure: text in with its file's name, data or one refusal out. A refusal names file, line, column and
//! what to do. Floats: these are inputs of risk numbers, never of the books.

mod error;
mod history;
mod outcomes;
mod positions;
mod prices;
mod shocks;
pub(crate) mod table;
mod terms;

pub(crate) use error::line_and_column;
pub use error::{DataError, DataFault, Place, Refusal};
pub use history::{
    Aligned, Candle, DataPage, History, Hole, MarketPage, PriceFile, Return, Series,
};
pub use outcomes::{HORIZON, Outcomes, read_outcomes};
pub use positions::{Account, Accounts, Collateral, Position, Size, Source, read_accounts};
pub use prices::{digest, read_prices};
pub use shocks::{Shock, read_shocks};
pub(crate) use terms::margin;
pub use terms::{AssetSpec, MarketSpec, Step, Venue, at_market, read_beside, read_venue};
