"""The application: its pages, and how errors end. Streamlit runs this file."""

from collections.abc import Mapping

import streamlit as st

from evalhub.dashboards import formats
from evalhub.dashboards.views import experiments, overview, traces
from evalhub.errors import EvalhubError

_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="132" height="28"
 viewBox="0 0 132 28">
<rect x="1" y="15" width="5" height="10" rx="1.5" fill="#7b8591"/>
<rect x="9" y="9" width="5" height="16" rx="1.5" fill="#3578e5"/>
<rect x="17" y="3" width="5" height="22" rx="1.5" fill="#23935f"/>
<text x="31" y="21" font-family="sans-serif" font-size="19" font-weight="700"
 fill="#7b8591">eval<tspan fill="#3578e5">hub</tspan></text></svg>"""


# Streamlit draws buttons of a group lower than its inputs; in one row labels and edges must meet.
_EVEN_ROW = """<style>
[data-testid="stButtonGroup"] button { min-height: 2.5rem; }
</style>"""


def main() -> None:
    """Draw the page that the address names; an expected error is one line on it."""
    st.set_page_config(page_title="evalhub", page_icon=":material/bar_chart:", layout="wide")
    st.html(_EVEN_ROW)
    st.logo(_LOGO, size="medium")

    def open_traces(parameters: Mapping[str, str]) -> None:
        st.switch_page(traces_page, query_params=dict(parameters))

    traces_page = st.Page(
        traces.show, title="Traces", url_path="traces", icon=":material/account_tree:"
    )
    overview_page = st.Page(
        lambda: overview.show(open_traces),
        title="Overview",
        url_path="home",
        icon=":material/monitoring:",
        default=True,
    )
    # The default page answers at the address without a name alone, whatever its name is.
    named_page = st.Page(
        lambda: overview.show(open_traces),
        title="Overview",
        url_path="overview",
        visibility="hidden",
    )
    experiments_page = st.Page(
        lambda: experiments.show(lambda trace_id: open_traces({"trace": trace_id})),
        title="Experiments",
        url_path="experiments",
        icon=":material/science:",
    )
    page = st.navigation([overview_page, traces_page, experiments_page, named_page], position="top")
    try:
        page.run()
    except EvalhubError as error:
        st.error(formats.literal(str(error)), icon=":material/error:")


main()
