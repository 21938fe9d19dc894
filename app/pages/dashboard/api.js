// The operations that the dashboard calls beside the stream, and the reasons of refusals.

const PATIENCE_MS = 5_000; // longer if the request asks the server to wait
const RETRY_MS = 2_000;

export class Api {
  #clock;

  constructor({ stream, counts, eventTypes }, clock) {
    this.streamUrl = new URL(stream, document.baseURI);
    this.countsUrl = new URL(counts, document.baseURI);
    this.eventTypesUrl = new URL(eventTypes, document.baseURI);
    this.#clock = clock;
  }

  /** Return the types of order events as soon as the server answers. `onFailure`: called for each attempt that fails. */
  async orderEventTypes(onFailure) {
    for (;;) {
      try {
        const { eventTypes } = await this.#get(this.eventTypesUrl);
        return eventTypes.filter((each) => each.kind === 'order').map((each) => each.eventType);
      } catch (failure) {
        onFailure(failure);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Read a page of a view: `{events, lastEventId}`. Throws an Error, with `status` if the server has answered. */
  page(view, query) {
    return this.#read(this.streamUrl, view, query);
  }

  /** Count the events of a view in the log: `{intervals, intervalSeconds, lastEventId}`. Throws an Error as `page` does. */
  counts(view, query) {
    return this.#read(this.countsUrl, view, query);
  }

  #read(address, view, query) {
    const url = new URL(address);
    for (const name of ['eventTypes', 'orderId']) for (const value of view[name]) url.searchParams.append(name, value);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return this.#get(url, PATIENCE_MS + 1000 * (query.wait ?? 0));
  }

  async #get(url, patienceMs = PATIENCE_MS) {
    const signal = AbortSignal.timeout(patienceMs); // a reused connection may have failed unnoticed
    const response = await fetch(url, { headers: { Accept: 'application/json' }, cache: 'no-store', signal });
    this.#clock.adjust(response);
    const body = await response.json();
    if (!response.ok) throw Object.assign(new Error(reasonOf(body) ?? `status ${response.status}`), { status: response.status });
    return body;
  }
}

/** Return the reasons in a problem document: of each parameter, or else of the whole request. */
export function reasonOf(problem) {
  return problem?.errors?.map((each) => `${each.name} ${each.message}`).join('; ') ?? problem?.detail ?? problem?.title;
}
