"""Hourly air quality at stations in Beijing, 2013 to 2017: several series, many missing values."""

from typing import Any

import numpy as np

from unrolled.data.datasets.beijing_pm25 import one_hot
from unrolled.data.files.archives import download_csv, read_csv
from unrolled.data.files.download import RemoteFile
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.errors import InputError
from unrolled.suggestions import expected

# UCI publishes a zip in a zip; this repository has the same files unpacked.
SITE = (
    "https://raw.githubusercontent.com/Peiris94-dev/Beijing-Multi-Site-Air-Quality-Analysis/"
    "0aa46c055fcca7da49ebac9329435ffe674b74c3"
)
FILES = {  # by station, SHA-256 and bytes
    "Aotizhongxin": ("a94fbcfc71708b6ffdc033360163d91efb7f675e496f6b5860929aa96b96351b", 2835916),
    "Changping": ("a2e21402a6d95fb7043f87959e6e3dcbecb957aac356a6f8028a85b047c772e7", 2722295),
    "Dingling": ("3d8dff81f18a80d9f455876a785642bffe1e9b9924ec1e6b7ce8cca790432eeb", 2675856),
    "Dongsi": ("9c0020214425e5ee2a64d42f97a1f632e1d8f6b53ad50edd85a686cc7999f27e", 2636684),
    "Guanyuan": ("59390fee3b032597b387491f5230e7edb90a8558e30217ebd6d9befbe669fbf9", 2695860),
    "Gucheng": ("10ae48801ea55869fee56a48b885fb1127859c130551888d71673f34216ba951", 2654625),
    "Huairou": ("812dcbe848b3ba2c2d25731064797bff803c46eb0c602156a1fa044df136dc26", 2641027),
    "Nongzhanguan": ("572cf87b65ef543cd55d3a711b28474def224a46b0ec3fc8add8aaf13b67a487", 2839705),
    "Shunyi": ("520b59e4ead3b0cfe7f1ed673e30275de8441e999db6f413d5172d2277b8c15a", 2620654),
    "Tiantan": ("0743e34799cf1ee36195b73321b91baa5625276532e7263c588f68cdef3b4daa", 2655061),
    "Wanliu": ("0b1a6d754a07f0def2f55434ddfa3870dcd0063b7f766a6f66b6c11bb05a377a", 2659544),
    "Wanshouxigong": ("ab1d6a356d6997a45f6d657ad47de1e05a4a08d4a7015b38a329a90665ab74d0", 2871076),
}
POLLUTANTS = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
WEATHER = ("TEMP", "PRES", "DEWP", "RAIN", "WSPM")  # temperature, pressure, dew point, rain, wind speed
WINDS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


class BeijingMultiSite(SeriesData):
    """35,064 hours at each of twelve stations, at the same times; every column has gaps.

    Each station is a series.  The weather at the station is a past covariate; the direction of the wind is one-hot
    encoded (16 categories).  Read from the data folder or downloaded once (2.7 MB each, CC BY 4.0).

    Source: Zhang et al. 2017, "Cautionary tales on air-quality improvement in Beijing"; UCI.

    Args:
        stations: names of stations; null: Aotizhongxin, Changping, Dongsi and Wanliu.
        columns: to forecast: PM2.5, PM10, SO2, NO2, CO or O3; several form one multivariate series.
        weather: use the weather as past covariates.
        context: hours before the forecast.
    """

    period = 24  # hours

    def __init__(
        self,
        *,
        stations: list[str] | None = None,
        columns: list[str] | None = None,
        weather: bool = True,
        context: int = 96,
        **kwargs: Any,
    ) -> None:
        super().__init__(context=context, **kwargs)
        self.stations = stations or ["Aotizhongxin", "Changping", "Dongsi", "Wanliu"]
        self.columns, self.weather = columns or ["PM2.5"], weather
        for name in self.stations:
            if name not in FILES:
                raise InputError(f"data.init_args.stations: {expected(name, FILES)}")
        for name in self.columns:
            if name not in POLLUTANTS:
                raise InputError(f"data.init_args.columns: {expected(name, POLLUTANTS)}")

    def prepare_data(self) -> None:
        """Download the files, on one process per machine."""
        for station in self.stations:
            download_csv(pinned(station))

    def load(self) -> list[Series]:
        return [self._station(name) for name in self.stations]

    def _station(self, name: str) -> Series:
        import pandas as pd  # type: ignore[import-untyped]

        table = read_csv(pinned(name), na_values=["NA"])
        past = np.hstack([table[[*WEATHER]].to_numpy(float), one_hot(table["wd"], WINDS)]) if self.weather else None
        values = table[self.columns].to_numpy(float)
        return Series(name, values, past=past, start=pd.Timestamp(2013, 3, 1), frequency="h")


def pinned(station: str) -> RemoteFile:
    """The pinned file of a station."""
    file = f"PRSA_Data_{station}_20130301-20170228.csv"
    return RemoteFile(f"{SITE}/{file}", f"beijing_multisite/{file}", *FILES[station])
