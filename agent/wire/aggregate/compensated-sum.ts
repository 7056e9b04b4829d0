/** A sum whose error does not grow with the number of its terms, nor with their order (Neumaier's variant of Kahan). */
export class CompensatedSum {
  #sum = 0;
  #lost = 0;

  add(term: number): void {
    const next = this.#sum + term;
    this.#lost += Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - next + term : term - next + this.#sum;
    this.#sum = next;
  }

  total(): number {
    return this.#sum + this.#lost;
  }
}
