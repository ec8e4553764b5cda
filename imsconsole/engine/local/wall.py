"""What guests with a way out do not reach: this host, its networks, a cloud's metadata.

QEMU's user network makes connections of its own in the host's place, so the host's firewall sees the guest's user: what
he begins goes to public addresses and to name servers only. The rules are loaded anew before each start.
"""

import ipaddress
import subprocess
from collections.abc import Sequence

from imsconsole.core.errors import Unavailable
from imsconsole.engine.conversion.limits import RunAs

NFT = "nft"
LIMIT_S = 30
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
# what no route of the Internet leads to (IANA's special-purpose registries)
CLOSED = (
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, "
    "192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3"
)
OPEN_6 = "2000::/3"
RULES = f"""
table inet ims_guests {{
  set guests {{ typeof meta skuid; }}
  chain theirs {{ }}
  chain out {{ type filter hook output priority filter; }}
}}
flush table inet ims_guests
table inet ims_guests {{
  chain theirs {{
    ct state established,related accept
    meta l4proto {{ tcp, udp }} th dport 53 accept
    %(reached)s
    fib daddr type != unicast reject
    ip daddr {{ {CLOSED} }} reject
    ip6 daddr != {OPEN_6} reject
  }}
  chain out {{ meta skuid @guests jump theirs; }}
}}
add element inet ims_guests guests {{ %(uid)d }}
"""


def wall_off(user: RunAs, reached: Sequence[IpNetwork] = ()) -> None:
    """Let a user reach the Internet, and of what is near only `reached`.

    Where guests run as ourselves nothing can tell them from us. Raises Unavailable `no-guest-wall`.
    """
    if not user.switch:
        return
    exceptions = [f"ip{'' if network.version == 4 else '6'} daddr {network} accept" for network in reached]
    rules = RULES % {"uid": user.uid, "reached": "\n".join(exceptions)}
    try:
        command = [NFT, "-f", "-"]
        subprocess.run(command, input=rules, text=True, capture_output=True, check=True, timeout=LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise Unavailable("no-guest-wall", detail=said.strip().splitlines()[0][:200]) from error
