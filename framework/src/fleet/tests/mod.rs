mod lines;
mod listening;
mod numbers;
