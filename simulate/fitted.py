"""Constants fitted to public traces; `python bench/fit.py` prints every one of them again.

docs/simulation.md puts them beside the traces' quantiles and names what is extrapolated.
"""

# ServeGen (Alibaba Cloud Model Studio): 421 clients. ln of requests per client and day, clients'
# own spread of the rate between ten-minute windows, and shapes of the gaps (Weibull windows).
BUSINESS_PER_DAY_LN, BUSINESS_PER_DAY_SD = 10.07, 2.55
BUSINESS_HOUR_SPREAD = 1.2
WEIBULL_SHAPES = (0.26, 0.37, 0.47, 0.76, 1.05)  # p5 p25 p50 p75 p95 over clients
NEVER_SLEEP_SHARE = 0.17
BUSINESS_ACTIVE = (0.002, 0.02, 0.19, 0.82, 0.99)  # share of windows with traffic

# ServeGen, hour of the trace's day (its hour 0 is local midnight), mean over clients = 1.
HOURS = (
    *(0.84, 0.90, 0.94, 0.80, 0.67, 0.64, 0.66, 0.75, 0.85, 1.03, 1.29, 1.31),
    *(1.10, 1.04, 1.23, 1.14, 1.23, 1.28, 1.24, 1.14, 1.09, 1.01, 0.96, 0.88),
)
BUSINESS_WEEKEND = 0.73  # ServeGen: the two quiet days against the other five

# ServeGen: clients' medians are lognormal; so are lengths within a client, far narrower.
BUSINESS_IN_LN, BUSINESS_IN_SD, BUSINESS_IN_SPREAD = 6.12, 1.21, (0.03, 0.12, 0.27, 0.58, 1.27)
BUSINESS_OUT_LN, BUSINESS_OUT_SD, BUSINESS_OUT_SPREAD = 4.43, 1.81, (0.11, 0.25, 0.44, 0.68, 1.44)
REASONING_SHARE = 0.76  # ServeGen's reasoning model: median share of reasoning in the output

# Azure 2023, one production service each: mean and sd of ln.
CODE_IN_LN, CODE_IN_SD = 7.00, 1.36
CODE_OUT_LN, CODE_OUT_SD = 2.79, 0.85
CHAT_IN_LN = 6.63
CHAT_OUT_LN, CHAT_OUT_SD = 5.02, 0.86

# Mooncake (a long-context assistant): mean of ln of input and output.
LONG_IN_LN = 8.74
LONG_OUT_LN = 5.34

# LMSYS (a public chat arena): 27 clients; spread of the clients' request counts, and lengths.
PEOPLE_PER_DAY_SD = 1.40
PEOPLE_IN_LN, PEOPLE_IN_SD = 3.77, 1.64
PEOPLE_OUT_LN = 4.94
