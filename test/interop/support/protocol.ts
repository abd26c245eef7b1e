/** The times that VRRPv2 gives, in milliseconds (RFC 3768 §6.1), for the articles' interval of one second. */

export const ADVERT_INTERVAL_MS = 1_000;

export const skewMs = (priority: number): number => ((256 - priority) * 1_000) / 256;

/** How long a backup of this priority hears nothing before it takes over. */
export const masterDownMs = (priority: number): number => 3 * ADVERT_INTERVAL_MS + skewMs(priority);

/** What a busy machine may add to what the protocol gives. */
export const SLACK_MS = 300;
