// The operations of the contract that the dashboard calls beside the stream, and why the server refuses one.

const PATIENCE_MS = 5_000;
const RETRY_MS = 2_000;

export class Api {
  #clock;

  constructor({ stream, eventTypes }, clock) {
    this.streamUrl = new URL(stream, document.baseURI);
    this.eventTypesUrl = new URL(eventTypes, document.baseURI);
    this.#clock = clock;
  }

  /** Name the types of order events, as soon as the server answers; `onFailure` is told of each time that it does not. */
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

  /** Read a page of a view: `{events, lastEventId}`. Raises Error where the server does not answer, or refuses. */
  async page(view, query) {
    const url = new URL(this.streamUrl);
    for (const name of ['eventTypes', 'orderId']) for (const value of view[name]) url.searchParams.append(name, value);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return this.#get(url);
  }

  async #get(url) {
    const signal = AbortSignal.timeout(PATIENCE_MS); // a kept connection may be dead without anybody knowing
    const response = await fetch(url, { headers: { Accept: 'application/json' }, cache: 'no-store', signal });
    this.#clock.hear(response);
    const body = await response.json();
    if (!response.ok) throw new Error(reasonOf(body) ?? `status ${response.status}`);
    return body;
  }
}

/** Say what a problem document says: of each parameter, or else of the whole. */
export function reasonOf(problem) {
  return problem?.errors?.map((each) => `${each.name} ${each.message}`).join('; ') ?? problem?.detail ?? problem?.title;
}
