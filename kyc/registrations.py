"""Registration numbers of businesses, by their country's format and checksum.

A number that checks is well formed, not registered: that is the vendor's to say.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Final

# The registers' own numbers and the tax numbers that vendors send in their place (python-stdnum).
_NUMBERS: Final = {
    "AR": ("ar.cuit",), "AT": ("at.businessid", "at.uid"), "AU": ("au.acn", "au.abn"),
    "BE": ("be.vat",), "BG": ("bg.vat",), "BR": ("br.cnpj",), "BY": ("by.unp",),
    "CA": ("ca.bn",), "CH": ("ch.uid", "ch.vat"), "CL": ("cl.rut",), "CN": ("cn.uscc",),
    "CO": ("co.nit",), "CR": ("cr.cpj",), "CY": ("cy.vat",), "CZ": ("cz.dic",),
    "DE": ("de.handelsregisternummer", "de.vat"), "DK": ("dk.cvr",), "DO": ("do.rnc",),
    "EC": ("ec.ruc",), "EE": ("ee.registrikood", "ee.kmkr"), "EG": ("eg.tn",),
    "ES": ("es.cif", "es.nif"), "FI": ("fi.ytunnus", "fi.alv"),
    "FR": ("fr.siren", "fr.siret", "fr.tva"), "GB": ("gb.vat", "gb.utr"), "GR": ("gr.vat",),
    "GT": ("gt.nit",), "HR": ("hr.oib",), "HU": ("hu.anum",), "ID": ("id.npwp",),
    "IE": ("ie.vat",), "IL": ("il.hp",), "IN": ("in_.gstin", "in_.pan"),
    "IS": ("is_.kennitala", "is_.vsk"), "IT": ("it.iva",), "JP": ("jp.cn",), "KR": ("kr.brn",),
    "LT": ("lt.pvm",), "LU": ("lu.tva",), "LV": ("lv.pvn",), "MX": ("mx.rfc",),
    "NL": ("nl.btw",), "NO": ("no.orgnr", "no.mva"), "NZ": ("nz.ird",), "PE": ("pe.ruc",),
    "PL": ("pl.nip", "pl.regon"), "PT": ("pt.nif",), "PY": ("py.ruc",),
    "RO": ("ro.cui", "ro.onrc"), "RS": ("rs.pib",), "RU": ("ru.inn", "ru.ogrn"),
    "SE": ("se.orgnr", "se.vat"), "SG": ("sg.uen",), "SI": ("si.ddv", "si.maticna"),
    "SK": ("sk.dph",), "SV": ("sv.nit",), "TH": ("th.moa",), "TN": ("tn.mf",), "TR": ("tr.vkn",),
    "TW": ("tw.ubn",), "UA": ("ua.edrpou",), "US": ("us.ein",), "UY": ("uy.rut",),
    "VE": ("ve.rif",), "VN": ("vn.mst",), "ZA": ("za.tin",),
}  # fmt: skip
# Registers whose numbers have a form and no checksum: Handelsregister (without its court, as
# vendors send it), Companies House, KVK.
_FORMS: Final = {"DE": r"HR[AB]\d{1,6}[A-Z]{0,2}", "GB": r"[A-Z0-9]{2}\d{6}", "NL": r"\d{8}"}


def is_well_formed(number: str | None, country: str | None) -> bool | None:
    """Whether a number is one of the country's, or a LEI of any country's.

    None where there is no number, or nothing is known of the country's numbers.
    """
    kinds = _NUMBERS.get(country or "")
    if not number or kinds is None:
        return None
    plain = re.sub(r"[^A-Z0-9]", "", number.upper())
    if country in _FORMS and re.fullmatch(_FORMS[country], plain):
        return True
    return any(_checker(kind)(number) for kind in (*kinds, "lei"))


@cache
def _checker(kind: str) -> Callable[[str], bool]:
    check: Callable[[str], bool] = import_module(f"stdnum.{kind}").is_valid
    return check
