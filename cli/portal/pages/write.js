export async function writePage() { return []; }
