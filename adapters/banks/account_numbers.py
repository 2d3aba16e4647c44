"""Checks IBANs and BICs with schwifty, which knows every country's form of them and many banks."""

from application.ports.beneficiaries import AccountNumbers, BankAccount
from domain.errors import VAL_FIELD, FieldError, MediatorError

FAULTS = {
    "InvalidChecksumDigits": "its check digits are wrong: a digit is mistyped",
    "InvalidBBANChecksum": "its national check digits are wrong: a digit is mistyped",
    "InvalidLength": "has not the length that its country gives it",
    "InvalidCountryCode": "begins with no country that has them",
    "InvalidStructure": "has characters where its country has none of that kind",
    "InvalidBankCode": "names a bank that does not exist",
}


class SchwiftyAccountNumbers(AccountNumbers):
    """Loads schwifty, with its tables of banks, when the first number is checked."""

    def checked(self, iban: str, bic: str | None) -> BankAccount:
        """Give both in full. Raises VAL_FIELD; what was sent is not repeated in the refusal."""
        from schwifty import BIC, IBAN  # noqa: PLC0415 -- its tables of banks take most of a second to read
        from schwifty.exceptions import SchwiftyException  # noqa: PLC0415 -- as above

        try:
            read = IBAN(iban)
        except SchwiftyException as fault:
            raise _refusal("/iban", fault) from None
        try:
            named = None if bic is None else BIC(bic)
        except SchwiftyException as fault:
            raise _refusal("/bic", fault) from None
        if named is None:
            found = read.bic
            return BankAccount(read.compact, None if found is None else found.compact, read.country_code)
        return BankAccount(read.compact, named.compact, read.country_code)


def _refusal(pointer: str, fault: Exception) -> MediatorError:
    """Say what is wrong without repeating the number: it would end in logs."""
    detail = FAULTS.get(type(fault).__name__, "is not a number of that kind")
    return MediatorError(VAL_FIELD, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),))
