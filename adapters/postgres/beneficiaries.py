"""Beneficiaries in PostgreSQL."""

import msgspec
from sqlalchemy import and_, column, select, table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.control_calls import called_control, made_of
from adapters.postgres.engine import called, tenant_reads
from application.ports.beneficiaries import BeneficiaryBook, BeneficiaryFilter
from application.ports.journal import Answer, Claim, Resume
from domain.audit import AuditRecord
from domain.beneficiaries import Beneficiary
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import BeneficiaryId, Prefix, TenantId, public_id

beneficiaries = table("beneficiaries", *(column(name) for name in Beneficiary.__struct_fields__), schema="fm")

ADD = text("select fm.add_beneficiary(:tenant, cast(:document as jsonb))::text")
ARCHIVE = text("select fm.archive_beneficiary(:tenant, :id, :at, cast(:audit as jsonb))::text")


class PostgresBeneficiaryBook(BeneficiaryBook):
    """Keeps a beneficiary, its audit record and the claim of a key with one call."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def add(
        self, tenant_id: TenantId, beneficiary: Beneficiary, *, audit: AuditRecord, claim: Claim | None
    ) -> Beneficiary | Resume | Answer:
        """Keep a new one."""
        reply = await called_control(self._engine, ADD, tenant_id, beneficiary, audit=audit, claim=claim)
        return made_of(reply, Beneficiary)

    async def get(self, tenant_id: TenantId, beneficiary_id: BeneficiaryId) -> Beneficiary:
        """Read one. Raises NOT_FOUND."""
        conditions = (beneficiaries.c.tenant_id == tenant_id, beneficiaries.c.id == beneficiary_id)
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(select(beneficiaries).where(*conditions))).mappings().one_or_none()
        if row is None:
            raise _unknown(beneficiary_id)
        return msgspec.convert(dict(row), Beneficiary)

    async def page(
        self, tenant_id: TenantId, wanted: BeneficiaryFilter, *, before: BeneficiaryId | None, limit: int
    ) -> tuple[Beneficiary, ...]:
        """List them, newest first."""
        given = {"state": wanted.state, "reference": wanted.reference, "currency": wanted.currency}
        conditions = [beneficiaries.c.tenant_id == tenant_id]
        conditions += [beneficiaries.c[name] == value for name, value in given.items() if value is not None]
        if before is not None:
            conditions.append(beneficiaries.c.id < before)
        statement = select(beneficiaries).where(and_(*conditions)).order_by(beneficiaries.c.id.desc()).limit(limit)
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(msgspec.convert(dict(row), Beneficiary) for row in rows)

    async def archive(self, tenant_id: TenantId, beneficiary_id: BeneficiaryId, *, audit: AuditRecord) -> Beneficiary:
        """Archive one. Raises NOT_FOUND."""
        document = msgspec.json.encode(audit).decode()
        values = {"tenant": tenant_id, "id": beneficiary_id, "at": audit.at, "audit": document}
        row = (await called(self._engine, ARCHIVE, values))[0][0]
        if row is None:
            raise _unknown(beneficiary_id)
        return msgspec.json.decode(row, type=Beneficiary)


def _unknown(beneficiary_id: BeneficiaryId) -> MediatorError:
    return MediatorError(NOT_FOUND, f"There is no beneficiary {public_id(Prefix.BENEFICIARY, beneficiary_id)}.")
