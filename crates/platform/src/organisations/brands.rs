//! What can be done with brands: made, read, listed, renamed.

use base::{Error, Page, Result, Trail as _, Uid, codes};
use domain::organisations::{Brand, BrandId, Counted, Name, Named, Naming, OrganisationId};
use edge::Places;
use slice::{Ask, Turn};
use store::{Rule, Value};

use super::app::{App, changed, find_brand, house_of, missing, violated};
use super::view::BrandView;
use super::{store as rows, usage};

impl App {
    /// Makes a brand of an organisation.
    pub(crate) async fn create_brand(
        &self,
        ask: &Ask,
        organisation: OrganisationId,
        name: Name,
    ) -> Result<BrandView> {
        let (db, number) = (&self.0.db, organisation.organisation());
        let plan = house_of(db, number).await?.plan;
        let (operation, request) = ((number, "brands.create"), (organisation, &name));
        ask.settle(db, operation, &request, async || {
            let mut commit = db.new_commit(number);
            let id = BrandId::make(&self.0.clock, &self.0.random, number);
            let naming = Naming { name: name.clone() };
            let made = Named::created(id, &naming, commit.at());
            usage::take(&mut commit, Counted::Brands, plan);
            commit.insert(&rows::BRANDS, brand_row(&made).map(Into::into));
            self.note(ask, &mut commit, (id.uid(), 1), ("brand.created", &naming))?;
            Ok((commit, BrandView::from(&made)))
        })
        .await
        .map_err(|error| usage::refused(taken(error), Counted::Brands, plan))
    }

    /// Reads a brand.
    pub(crate) async fn brand(&self, id: BrandId) -> Result<BrandView> {
        let found = find_brand(&self.0.db, id).await?.ok_or_else(missing)?;
        Ok(BrandView::from(&found))
    }

    /// Lists the brands of an organisation that a permission reaches, oldest first.
    pub(crate) async fn brands(
        &self,
        organisation: OrganisationId,
        places: &Places,
        turn: &Turn,
    ) -> Result<Page<BrandView>> {
        let number = organisation.organisation();
        let scope = format!("brands of {organisation}");
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(self.0.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let mut params: Vec<Value> =
            vec![after.into(), i64::from(turn.limit).saturating_add(1).into()];
        let sql = match places {
            Places::All => &rows::LIST_BRANDS,
            Places::Only(some) => {
                params.push(some.to_vec().into());
                &rows::LIST_SOME_BRANDS
            }
        };
        let found = self.0.db.rows(number, sql, params).await.at()?;
        let more = found.len() > limit;
        let brands = found.iter().take(limit).map(rows::read);
        let brands: Vec<Brand> = brands.collect::<Result<_, _>>()?;
        let last = brands.last().filter(|_| more);
        Ok(Page {
            next: last.map(|last| self.0.cursors.seal(&scope, last.id.uid().as_bytes())),
            items: brands.iter().map(BrandView::from).collect(),
        })
    }

    /// Gives a brand another name.
    pub(crate) async fn rename_brand(
        &self,
        ask: &Ask,
        id: BrandId,
        (name, seen): (Name, i64),
    ) -> Result<BrandView> {
        let (db, number) = (&self.0.db, id.organisation());
        self.brand(id).await?;
        let (operation, request) = ((number, "brands.rename"), (id, &name, seen));
        ask.settle(db, operation, &request, async || {
            let found = find_brand(db, id).await?.ok_or_else(missing)?;
            let mut commit = db.new_commit(number);
            let Some(naming) = found.rename(name.clone(), seen)? else {
                return Ok((commit, BrandView::from(&found)));
            };
            let (shown, folded) = (name.as_str(), name.folded());
            let params = [id.uid().into(), shown.into(), folded.into(), seen.into()];
            commit.guard(&rows::RENAME_BRAND, params);
            let next = found.renamed(&naming);
            let at = (id.uid(), next.version);
            self.note(ask, &mut commit, at, ("brand.renamed", &naming))?;
            Ok((commit, BrandView::from(&next)))
        })
        .await
        .map_err(|error| taken(changed(error)))
    }
}

fn brand_row(brand: &Brand) -> [Value; 5] {
    [
        brand.id.uid().into(),
        brand.name.as_str().into(),
        brand.name.folded().into(),
        brand.version.into(),
        brand.created_at.into(),
    ]
}

/// A name that another brand of the organisation has.
fn taken(error: Error) -> Error {
    match violated(&error, Rule::Unique) {
        Some(table) if table == rows::BRANDS.name => {
            Error::conflict(codes::NAME_TAKEN, "another brand has this name").field(
                "name",
                codes::NAME_TAKEN,
                "another brand of the organisation has this name",
            )
        }
        _ => error,
    }
}
