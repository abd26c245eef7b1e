/** The configuration of the demonstration's pair, and what VRRP promises of it. Addresses are RFC 5737's. */
import { microseconds } from "../../config/units.js";
import { masterDownInterval, skewTime } from "../../failover/timers.js";

export const VIRTUAL_ADDRESS = "192.0.2.10";
export const ADDRESSES = {
  lb1: "192.0.2.11",
  lb2: "192.0.2.12",
  web1: "192.0.2.21",
  web2: "192.0.2.22",
  client: "192.0.2.100",
} as const;
export const PRIORITIES = { lb1: 200, lb2: 100 } as const;

const ADVERT_SECONDS = 1;
const SCRIPT_SECONDS = 1;
const SCRIPT_FALL = 2;

/** The same on both balancers. The one that does not hold the virtual address binds it all the same. */
export const haproxyCfg = `global
    stats socket /run/haproxy.sock

defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s

frontend www
    bind ${VIRTUAL_ADDRESS}:80
    default_backend web

backend web
    balance roundrobin
    default-server check inter 500ms
    server web1 ${ADDRESSES.web1}:80
    server web2 ${ADDRESSES.web2}:80
`;

export const keepalivedConf = (priority: number): string => `global_defs {
    enable_script_security
    script_user root
}
vrrp_script proxy {
    script "killall -0 haproxy"
    interval ${SCRIPT_SECONDS}
    fall ${SCRIPT_FALL}
}
vrrp_instance www {
    state BACKUP
    interface eth0
    virtual_router_id 10
    priority ${priority}
    advert_int ${ADVERT_SECONDS}
    virtual_ipaddress {
        ${VIRTUAL_ADDRESS}/24
    }
    track_script {
        proxy
    }
}
`;

const advertInterval = microseconds(ADVERT_SECONDS * 1_000_000);
const protocol = { version: 2, downTimerAdverts: 3 } as const;
const downInterval = (priority: number): number => masterDownInterval(protocol, priority, advertInterval) / 1000;

/** What the protocol and the configuration above promise, in milliseconds. */
export const promises = {
  /** A restart shorter than this is over before the second failed check: the address stays where it is. */
  noticedAfter: (SCRIPT_FALL - 1) * SCRIPT_SECONDS * 1000,
  /** Until the check script has failed `fall` times: the master resigns with priority 0. */
  scriptFails: SCRIPT_FALL * SCRIPT_SECONDS * 1000,
  /** A backup that hears a resignation waits for its skew. */
  skew: skewTime(protocol, PRIORITIES.lb2, advertInterval) / 1000,
  /** A backup that hears nothing any more waits for three advertisements and its skew. */
  silence: downInterval(PRIORITIES.lb2),
  /** The script has to succeed once; then the preferred box hears out the other for its own master-down interval. */
  scriptSucceeds: SCRIPT_SECONDS * 1000,
  preempt: downInterval(PRIORITIES.lb1),
} as const;
