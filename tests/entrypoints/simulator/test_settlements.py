"""The settlement file of each provider: its lines are its books, and they add up."""

import csv
import io

from tests.entrypoints.simulator.merchant import API_KEY, Merchant


async def lines(merchant: Merchant, dialect: str, query: str = "") -> list[dict[str, str]]:
    raw = (await merchant.get(f"/control/settlements/{dialect}{query}")).raw
    return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))


async def test_card_gateway_settles_captures_and_refunds_net_of_its_fee(merchant: Merchant) -> None:
    first = await merchant.charged(payment="pay_1", amount=10_000)
    await merchant.post(f"/v1/charges/{first['id']}/capture", {"amount": 4_000, "final": True})
    second = await merchant.charged(payment="pay_2", amount=1_050, capture=True)
    await merchant.post(f"/v1/charges/{second['id']}/refunds", {"amount": 50})
    await merchant.charged(payment="pay_3")
    await merchant.charge("tok_declined", payment="pay_4", capture=True)

    settled = await lines(merchant, "card")

    figures = sorted((one["reference"], one["kind"], one["gross"], one["fee"], one["net"]) for one in settled)
    assert figures == [
        ("pay_1", "capture", "4000", "81", "3919"),
        ("pay_2", "capture", "1050", "40", "1010"),
        ("pay_2", "refund", "-50", "0", "-50"),
    ]
    assert {one["currency"] for one in settled} == {"EUR"}
    books = (await merchant.get("/v1/books?account=acct_1")).json["lines"]
    assert sum(int(one["gross"]) for one in settled) == sum(line["captured"] - line["refunded"] for line in books)


async def test_file_of_another_batch_is_empty_and_of_this_one_whole(merchant: Merchant) -> None:
    await merchant.charged(capture=True)
    [line] = await lines(merchant, "card")

    assert await lines(merchant, "card", f"?batch={line['batch']}") == [line]
    assert await lines(merchant, "card", "?batch=card-19700101") == []


async def test_wallet_settles_what_customers_paid(merchant: Merchant) -> None:
    order = {
        "return_url": "https://shop.example",
        "website_url": "https://shop.example",
        "amount": 10_000,
        "purchase_order_id": "order-1",
        "purchase_order_name": "Momos",
    }
    headers = {"Authorization": f"Key {API_KEY}"}
    root = f"{merchant.url}/khalti/api/v2/epayment/initiate/"
    names = []
    for _ in range(2):
        async with merchant.session.post(root, json=order, headers=headers) as answer:
            names.append((await answer.json())["pidx"])
    await merchant.post(f"/control/wallets/khalti/{names[0]}", {"state": "completed"})
    await merchant.post(f"/control/wallets/khalti/{names[0]}", {"state": "refunded"})

    settled = await lines(merchant, "khalti")

    assert sorted((one["reference"], one["gross"], one["fee"], one["net"]) for one in settled) == [
        ("order-1", "-10000", "0", "-10000"),
        ("order-1", "10000", "200", "9800"),
    ]
    assert await lines(merchant, "esewa") == []
