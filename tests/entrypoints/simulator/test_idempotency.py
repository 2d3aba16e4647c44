"""One key has one effect and one answer, whatever is repeated or raced."""

import asyncio

import pytest

from tests.entrypoints.simulator.merchant import Merchant


async def test_repetition_gives_the_first_answer_byte_for_byte(merchant: Merchant) -> None:
    first = await merchant.charge(key="k")
    await merchant.post(f"/v1/charges/{first.json['id']}/capture", {"amount": 1000, "final": True})

    again = await merchant.charge(key="k")

    assert (again.status, again.raw) == (first.status, first.raw)
    assert (first.replayed, again.replayed) == (False, True)
    assert len((await merchant.get("/v1/books?account=acct_1")).json["lines"]) == 1


async def test_repetition_of_a_decline_gives_the_decline(merchant: Merchant) -> None:
    first = await merchant.charge("tok_declined", key="k")

    again = await merchant.charge("tok_declined", key="k")

    assert (again.status, again.raw, again.replayed) == (402, first.raw, True)


async def test_same_key_with_another_body_is_refused(merchant: Merchant) -> None:
    await merchant.charged(key="k")

    other = await merchant.charge(key="k", amount=1001)

    assert (other.status, other.json["error"]["code"]) == (409, "idempotency_mismatch")


async def test_same_key_on_another_charge_or_operation_is_refused(merchant: Merchant) -> None:
    one, two = await merchant.charged(capture=True), await merchant.charged(capture=True)
    await merchant.post(f"/v1/charges/{one['id']}/refunds", {"amount": 10}, key="k")

    elsewhere = await merchant.post(f"/v1/charges/{two['id']}/refunds", {"amount": 10}, key="k")
    otherwise = await merchant.charge(key="k")

    assert (elsewhere.status, otherwise.status) == (409, 409)
    assert (await merchant.get(f"/v1/charges/{two['id']}")).json["refunded"] == 0


async def test_refusal_by_the_state_is_kept_and_repeated(merchant: Merchant) -> None:
    charge = await merchant.charged()
    path = f"/v1/charges/{charge['id']}/refunds"
    refused = await merchant.post(path, {"amount": 10}, key="k")
    await merchant.post(f"/v1/charges/{charge['id']}/capture", {"amount": 1000, "final": True})

    again = await merchant.post(path, {"amount": 10}, key="k")

    assert (again.status, again.raw, again.replayed) == (422, refused.raw, True)
    assert (await merchant.get(f"/v1/charges/{charge['id']}")).json["refunded"] == 0


async def test_refusal_of_a_bad_request_leaves_the_key_free(merchant: Merchant) -> None:
    refused = await merchant.charge("tok_nonsense", key="k")

    corrected = await merchant.charge("tok_success", key="k")

    assert (refused.status, refused.json["error"]["code"]) == (422, "source_unknown")
    assert (corrected.status, corrected.replayed) == (201, False)


async def test_fifty_at_once_with_one_key_make_one_charge(merchant: Merchant) -> None:
    answers = await asyncio.gather(*(merchant.charge(key="k", capture=True) for _ in range(50)))

    assert {answer.raw for answer in answers} == {answers[0].raw}
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49
    assert len((await merchant.get("/v1/books?account=acct_1")).json["lines"]) == 1


async def test_refunds_at_once_with_many_keys_never_exceed_the_capture(merchant: Merchant) -> None:
    charge = await merchant.charged(capture=True)
    path = f"/v1/charges/{charge['id']}/refunds"

    answers = await asyncio.gather(*(merchant.post(path, {"amount": 300}) for _ in range(20)))

    assert sorted(answer.status for answer in answers) == [201] * 3 + [422] * 17
    assert (await merchant.get(f"/v1/charges/{charge['id']}")).json["refunded"] == 900


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "kéy", "a b"])
async def test_key_that_is_no_key_is_refused(merchant: Merchant, key: str) -> None:
    answer = await merchant.post_raw("/v1/charges", b"{}", key=key)

    assert answer.status in {400, 422}


async def test_key_may_have_any_visible_character(merchant: Merchant) -> None:
    await merchant.charged(key="a/b?c=%2F#..")

    found = await merchant.operation("a%2Fb%3Fc=%252F%23..")

    assert (found.status, found.json["key"]) == (200, "a/b?c=%2F#..")
