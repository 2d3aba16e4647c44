"""Whatever text is taken comes back as it went in, to the last code point, and can be found by."""

import msgspec
import pytest

from tests.entrypoints.http.naughty import CONTROLS, NAUGHTY
from tests.entrypoints.http.shop import Shop
from tests.entrypoints.simulator.merchant import Merchant

WORD_MAX = 64


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY.keys())
async def test_a_text_comes_back_as_it_went_in(visitor_who_pays: Shop, sandbox: Merchant, text: str) -> None:
    shop = visitor_who_pays
    metadata = {text[:WORD_MAX]: text, "\u00e9": "composed", "e\u0301": "decomposed"}

    made = await shop.paid(reference=text, description=text, metadata=metadata)
    refund = (await shop.post(f"/v1/payments/{made['id']}/refunds", {"amount": 1, "reason": text})).json()
    read = await shop.payment(made["id"])
    charge = (await sandbox.get(f"/v1/charges/{read['attempts'][0]['provider_reference']}")).json

    for payment in (made, read):
        assert (payment["reference"], payment["description"], payment["metadata"]) == (text, text, metadata)
    assert (refund["reason"], read["refunds"][0]["reason"]) == (text, text)
    assert charge["reference"] == text


@pytest.mark.parametrize("text", {**NAUGHTY, **CONTROLS}.values(), ids={**NAUGHTY, **CONTROLS}.keys())
async def test_a_payment_is_found_by_every_reference_that_is_taken(visitor_who_pays: Shop, text: str) -> None:
    answer = await visitor_who_pays.pay(reference=text)

    if text in CONTROLS.values() and answer.status in {400, 422}:
        return
    found = await visitor_who_pays.get("/v1/payments", reference=text, limit=100)
    assert answer.status == 201
    assert found.status == 200, found
    assert answer.json()["id"] in [one["id"] for one in found.json()["data"]]
    assert {one["reference"] for one in found.json()["data"]} == {text}


async def test_twins_that_look_alike_are_different_references(visitor_who_pays: Shop) -> None:
    twins = [(await visitor_who_pays.paid(reference=text))["id"] for text in ("tw\u00edn", "twi\u0301n", "TW\u00cdN")]

    composed = await visitor_who_pays.all("/v1/payments", reference="tw\u00edn")

    assert [one["id"] for one in composed] == twins[:1]


@pytest.mark.parametrize(
    "written", ['\\u00e9\\ud83d\\ude00\\/\\"', '\u00e9\U0001f600/\\"', "\\u00E9\\uD83D\\uDE00/\\u0022"]
)
async def test_a_text_means_the_same_however_it_is_escaped(visitor_who_pays: Shop, written: str) -> None:
    raw = f'{{"amount": 1, "currency": "EUR", "payment_method": "tok_success", "reference": "{written}"}}'.encode()

    answer = await visitor_who_pays.post_raw("/v1/payments", raw)

    assert answer.json()["reference"] == '\u00e9\U0001f600/"'


async def test_metadata_may_have_fifty_names_and_long_values(visitor_who_pays: Shop) -> None:
    metadata = {f"{number:02}" + "k" * 62: "v" * 500 for number in range(50)}

    made = await visitor_who_pays.paid(metadata=metadata)

    assert (await visitor_who_pays.payment(made["id"]))["metadata"] == metadata
    assert made["metadata"] == metadata


async def test_whole_metadata_of_the_longest_letters_fits_into_a_request(visitor_who_pays: Shop) -> None:
    metadata = {f"{number:02}": "\u4f60" * 500 for number in range(50)}
    body = msgspec.json.encode({"amount": 1, "currency": "EUR", "payment_method": "tok_success", "metadata": metadata})

    answer = await visitor_who_pays.post_raw("/v1/payments", body)

    assert answer.status == 201, answer


async def test_the_longest_return_address_is_kept(visitor_who_pays: Shop) -> None:
    address = "https://" + "x" * 1000

    assert (await visitor_who_pays.paid(return_url=address))["return_url"] == address


async def test_nothing_that_was_not_sent_is_made_up(visitor_who_pays: Shop) -> None:
    made = await visitor_who_pays.paid()

    fields = ("reference", "description", "return_url", "metadata")
    assert [made[name] for name in fields] == [None, None, None, {}]
